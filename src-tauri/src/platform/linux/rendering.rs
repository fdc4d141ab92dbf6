//! Whether web views may draw with a GPU.
//!
//! Where `OpenGL` runs on the CPU, `WebKit`'s accelerated path costs most of a core (measured with
//! `WebKitGTK` 2.50 and 12 spinning rings: 64–92 %, against 22 % without that path) and takes
//! seconds until the first frame.

use gtk::glib;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;
use tokio::sync::OnceCell;
use trusty_platform::run::{ChildEnvironment, RunLimits, run_bounded};

/// The argument that makes this program print the name of the `OpenGL` driver and exit.
pub(crate) const PROBE_ARGUMENT: &str = "--probe-graphics";
/// Limits of the probe; a driver that takes longer to load counts as unknown.
const PROBE_BOUNDS: RunLimits = RunLimits {
    time: Duration::from_secs(3),
    output: 256,
};
const RENDER_NODES: &str = "/dev/dri";
/// `WebKit`'s own switches that disable the accelerated path; the value `0` leaves it on.
const DISABLING_VARIABLES: [&str; 2] = [
    "WEBKIT_DISABLE_DMABUF_RENDERER",
    "WEBKIT_DISABLE_COMPOSITING_MODE",
];
/// `WebKit`'s settings within the accelerated path: a user who sets one has chosen that path.
const TUNING_VARIABLES: [&str; 4] = [
    "WEBKIT_FORCE_COMPOSITING_MODE",
    "WEBKIT_DMABUF_RENDERER_FORCE_SHM",
    "WEBKIT_SKIA_ENABLE_CPU_RENDERING",
    "WEBKIT_SKIA_GPU_PAINTING_THREADS",
];
const SOFTWARE_VARIABLE: &str = "LIBGL_ALWAYS_SOFTWARE";
/// Mesa's variables that name a driver.
const DRIVER_VARIABLES: [&str; 2] = ["MESA_LOADER_DRIVER_OVERRIDE", "GALLIUM_DRIVER"];
/// Substrings of the names of drivers that draw with the CPU.
const SOFTWARE_DRIVERS: [&str; 5] = ["llvmpipe", "lavapipe", "softpipe", "swrast", "software"];
/// The first `WebKitGTK` version whose transparent windows show the background instead of the page
/// without the accelerated path.
const FIRST_SEE_THROUGH_VERSION: (u32, u32) = (2, 53);

/// How `WebKit` draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RenderingPath {
    /// `WebKit`'s default.
    Accelerated,
    /// Without `OpenGL`.
    Unaccelerated,
}

/// The facts that decide the path without loading a driver.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct GraphicsFacts {
    /// The variables above that are set.
    variables: Vec<(&'static str, String)>,
    /// The kernel offers a device for rendering.
    has_render_node: bool,
}

/// The result of the probe: the driver's name, or `None` where EGL names none or the probe failed.
static PROBED_DRIVER: OnceCell<Option<String>> = OnceCell::const_new();

/// Disables the accelerated path for this process where that is known without loading a driver, so
/// that its web views never set up `OpenGL`. Must be called before the first window is created.
pub(super) fn settle_early() {
    let switch = DISABLING_VARIABLES[0];
    let unaccelerated = Some(RenderingPath::Unaccelerated);
    if path_without_driver(&GraphicsFacts::read()) == unaccelerated {
        // If setting the variable fails, each web view disables acceleration itself, after its
        // start.
        let _ = glib::setenv(switch, "1", false);
    }
}

/// The path, as soon as it is known; loads no driver into this process.
pub(super) async fn known_path() -> RenderingPath {
    match path_without_driver(&GraphicsFacts::read()) {
        Some(path) => path,
        None => path_of_driver(PROBED_DRIVER.get_or_init(probe_driver).await.as_deref()),
    }
}

/// The path, if it is known already.
pub(super) fn path_now() -> Option<RenderingPath> {
    path_without_driver(&GraphicsFacts::read()).or_else(|| {
        PROBED_DRIVER
            .get()
            .map(|driver| path_of_driver(driver.as_deref()))
    })
}

/// Whether this version of `WebKit`, such as `2.50.6`, paints a transparent window on this path.
pub(super) fn paints_transparent(path: RenderingPath, version: &str) -> bool {
    let mut numbers = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    path == RenderingPath::Accelerated || version < FIRST_SEE_THROUGH_VERSION
}

/// Probes the driver in a separate process, because a driver may crash or stay in memory.
async fn probe_driver() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let arguments = [OsStr::new(PROBE_ARGUMENT)];
    let ran = run_bounded(
        &program,
        &arguments,
        ChildEnvironment::OursWith(&[]),
        PROBE_BOUNDS,
    )
    .await;
    let name = String::from_utf8(ran.ok()?.output).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

impl GraphicsFacts {
    fn read() -> Self {
        let names = DISABLING_VARIABLES
            .iter()
            .chain(&TUNING_VARIABLES)
            .chain([&SOFTWARE_VARIABLE])
            .chain(&DRIVER_VARIABLES);
        let set = names.filter_map(|name| {
            let value = std::env::var_os(name)?;
            Some((*name, value.to_string_lossy().into_owned()))
        });
        Self {
            variables: set.collect(),
            has_render_node: has_render_node(Path::new(RENDER_NODES)),
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn has_render_node(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
}

/// The path that the user's variables and the devices decide; `None` if it depends on the driver.
fn path_without_driver(facts: &GraphicsFacts) -> Option<RenderingPath> {
    let disabling = DISABLING_VARIABLES.map(|name| facts.variable(name));
    if disabling.iter().flatten().any(|value| *value != "0") {
        return Some(RenderingPath::Unaccelerated);
    }
    let tuned = TUNING_VARIABLES
        .iter()
        .any(|name| facts.variable(name).is_some());
    if tuned || disabling.iter().any(Option::is_some) {
        return Some(RenderingPath::Accelerated);
    }
    // The values that Mesa reads as true.
    let yes = ["1", "true", "t", "yes", "y"];
    let software = facts.variable(SOFTWARE_VARIABLE).unwrap_or_default();
    if yes.contains(&software.to_ascii_lowercase().as_str()) {
        return Some(RenderingPath::Unaccelerated);
    }
    let named = DRIVER_VARIABLES
        .iter()
        .find_map(|name| facts.variable(name));
    if named.is_some() {
        return Some(path_of_driver(named));
    }
    (!facts.has_render_node).then_some(RenderingPath::Unaccelerated)
}

/// The path for a driver; unknown drivers are left to `WebKit`.
fn path_of_driver(name: Option<&str>) -> RenderingPath {
    let name = name.unwrap_or_default().to_ascii_lowercase();
    if SOFTWARE_DRIVERS
        .iter()
        .any(|software| name.contains(software))
    {
        RenderingPath::Unaccelerated
    } else {
        RenderingPath::Accelerated
    }
}

#[cfg(test)]
mod tests {
    use super::RenderingPath::{Accelerated, Unaccelerated};
    use super::*;

    /// Variables, whether there is a render node, the result of the probe (`None`: no probe), the
    /// path.
    type RenderingCase = (
        &'static [(&'static str, &'static str)],
        bool,
        Option<Option<&'static str>>,
        RenderingPath,
    );

    #[test]
    fn the_accelerated_path_needs_a_gpu_and_variables_of_the_user_win() {
        let driver = |name: &'static str| Some(Some(name));
        let cases: [RenderingCase; 20] = [
            (&[], false, None, Unaccelerated),
            (&[], true, driver("iris"), Accelerated),
            (&[], true, driver("radeonsi"), Accelerated),
            (&[], true, driver("zink"), Accelerated),
            (&[], true, Some(None), Accelerated),
            // A virtual GPU that cannot render.
            (&[], true, driver("swrast"), Unaccelerated),
            (&[], true, driver("kms_swrast"), Unaccelerated),
            (
                &[],
                true,
                driver("llvmpipe (LLVM 19.1, 256 bits)"),
                Unaccelerated,
            ),
            (&[("LIBGL_ALWAYS_SOFTWARE", "1")], true, None, Unaccelerated),
            (
                &[("LIBGL_ALWAYS_SOFTWARE", "true")],
                true,
                None,
                Unaccelerated,
            ),
            (
                &[("LIBGL_ALWAYS_SOFTWARE", "0")],
                true,
                driver("iris"),
                Accelerated,
            ),
            (
                &[("LIBGL_ALWAYS_SOFTWARE", "0")],
                false,
                None,
                Unaccelerated,
            ),
            (&[("GALLIUM_DRIVER", "llvmpipe")], true, None, Unaccelerated),
            (&[("GALLIUM_DRIVER", "d3d12")], false, None, Accelerated),
            (
                &[("MESA_LOADER_DRIVER_OVERRIDE", "kms_swrast")],
                true,
                None,
                Unaccelerated,
            ),
            // WebKit's own switches take precedence over all others.
            (
                &[("WEBKIT_DISABLE_DMABUF_RENDERER", "1")],
                true,
                None,
                Unaccelerated,
            ),
            (
                &[("WEBKIT_DISABLE_DMABUF_RENDERER", "0")],
                false,
                None,
                Accelerated,
            ),
            (
                &[("WEBKIT_DISABLE_COMPOSITING_MODE", "1")],
                true,
                None,
                Unaccelerated,
            ),
            (
                &[
                    ("WEBKIT_DISABLE_COMPOSITING_MODE", "0"),
                    ("LIBGL_ALWAYS_SOFTWARE", "1"),
                ],
                false,
                None,
                Accelerated,
            ),
            (
                &[("WEBKIT_DMABUF_RENDERER_FORCE_SHM", "1")],
                false,
                None,
                Accelerated,
            ),
        ];
        for (variables, has_render_node, probed, expected) in cases {
            let facts = GraphicsFacts {
                variables: variables
                    .iter()
                    .map(|(n, v)| (*n, (*v).to_owned()))
                    .collect(),
                has_render_node,
            };
            let settled = path_without_driver(&facts);
            assert_eq!(settled.is_none(), probed.is_some(), "a probe for {facts:?}");
            let path = settled.unwrap_or_else(|| path_of_driver(probed.flatten()));
            assert_eq!(path, expected, "{facts:?}, {probed:?}");
        }
    }

    #[test]
    fn a_transparent_window_needs_a_path_that_paints_it() {
        for (path, version, expected) in [
            (Accelerated, "2.50.6", true),
            (Accelerated, "2.54.1", true),
            (Unaccelerated, "2.44.0", true),
            (Unaccelerated, "2.52.5", true),
            (Unaccelerated, "2.53.90", false),
            (Unaccelerated, "2.54.0", false),
            (Unaccelerated, "3.0", false),
        ] {
            assert_eq!(
                paints_transparent(path, version),
                expected,
                "{path:?} {version}"
            );
        }
    }

    #[test]
    fn a_render_node_is_found_by_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!has_render_node(&folder.path().join("missing")));
        std::fs::write(folder.path().join("card0"), "").expect("a file");
        assert!(
            !has_render_node(folder.path()),
            "a card without a render node"
        );
        std::fs::write(folder.path().join("renderD128"), "").expect("a file");
        assert!(has_render_node(folder.path()));
    }
}
