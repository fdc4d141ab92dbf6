//! *Install command line tools…*: makes the bundle's `trusty` available in terminals.

use crate::app_menu_facts::AppMenuFacts;
use crate::notes::AppNotes;
use crate::{AppContext, log, platform, popover};
use std::path::{Path, PathBuf};
use tauri::{AppHandle, Manager};
use trusty_fleet::view::ToolInstall;
use trusty_platform::tool_links::{
    LinkError, LinkPlan, check_lasting_place, create_link, look_at_folders, plan_link,
    program_folders,
};

const TOOL_NAME: &str = "trusty";
/// Where `trusty` is in every copy of the bundle.
const TOOL_IN_BUNDLE: &str = "Contents/MacOS/trusty";

/// Finds out whether the tools are installed; packages on Linux bring them.
pub(crate) fn look_for_tools(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || publish(&app));
}

fn publish(app: &AppHandle) {
    let tools = platform::bundled_tool(TOOL_IN_BUNDLE).map(|tool| match plan(app, &tool) {
        Ok(LinkPlan::Keep(_)) => ToolInstall::Installed,
        _ => ToolInstall::Missing,
    });
    app.state::<AppMenuFacts>().set_tools(tools);
}

fn plan(app: &AppHandle, tool: &Path) -> Result<LinkPlan, LinkError> {
    check_lasting_place(tool)?;
    let folders = program_folders(&app.state::<AppContext>().home);
    let looked = look_at_folders(&folders, tool, Path::new(TOOL_IN_BUNDLE));
    plan_link(&looked, TOOL_NAME)
}

/// Installs the tools, and says on the board what came of it.
pub(crate) fn install(app: &AppHandle) {
    let Some(tool) = platform::bundled_tool(TOOL_IN_BUNDLE) else {
        return;
    };
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let done = plan(&app, &tool).and_then(|plan| create_link(plan, &tool));
        let told = outcome(&done);
        if done.is_err() {
            log::line(&told);
        }
        publish(&app);
        app.state::<AppNotes>().set_outcome(Some(told));
        popover::open(&app, popover::WindowLocation::Corner, None);
    });
}

/// What the user reads. Shells on macOS do not search `~/.local/bin` unless told to.
fn outcome(done: &Result<PathBuf, LinkError>) -> String {
    match done {
        Ok(link) if link.starts_with("/usr/local/bin") => {
            format!(
                "Installed {}. Type trusty in a new terminal.",
                link.display()
            )
        }
        Ok(link) => format!(
            "Installed {}. If a new terminal does not find trusty, add ~/.local/bin to PATH.",
            link.display()
        ),
        Err(e) => format!("The command line tools were not installed: {e}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_reads_where_the_tool_is_and_what_is_missing() {
        let told = |link: &str| outcome(&Ok(PathBuf::from(link)));
        assert!(!told("/usr/local/bin/trusty").contains("PATH"));
        assert!(told("/Users/dev/.local/bin/trusty").contains("add ~/.local/bin to PATH"));
        let taken = outcome(&Err(LinkError::NameTaken("/usr/local/bin/trusty".into())));
        assert!(taken.contains("remove or rename it first"), "{taken}");
    }
}
