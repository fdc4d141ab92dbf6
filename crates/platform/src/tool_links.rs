//! Makes a program of an app bundle available in terminals, by a link in a folder of programs.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A folder that could hold the link, the best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFolder {
    /// The folder.
    pub path: PathBuf,
    /// Whether this user may create files in the folder, or the folder itself.
    pub access: LinkFolderAccess,
    /// What is at the place of the link.
    pub occupant: LinkOccupant,
}

/// Whether this user may create files in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFolderAccess {
    /// The user may.
    Writable,
    /// The user may not.
    ReadOnly,
}

/// What is at the place of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOccupant {
    /// Nothing.
    Nothing,
    /// A link to the program.
    OwnLink,
    /// A link into another copy of the bundle, or to nothing.
    StaleLink,
    /// Something else, which stays.
    Stranger,
}

/// What to do about the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkPlan {
    /// The link is there.
    Keep(PathBuf),
    /// Create the link.
    Create(PathBuf),
    /// Replace a stale link.
    Replace(PathBuf),
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Another program has the name in each folder.
    #[error("{} is another program; remove or rename it first", .0.display())]
    NameTaken(PathBuf),
    /// macOS runs a downloaded app that the user has not moved from a copy at a random path, which is
    /// gone after the app.
    #[error(
        "macOS runs this app from a temporary copy; move it to Applications in the Finder, start it \
         there, and try again"
    )]
    TemporaryCopy,
    /// No folder can be written to.
    #[error("no folder for programs is writable; create ~/.local/bin")]
    NoFolder,
    /// The link cannot be created.
    #[error("{}: {source}", path.display())]
    Io {
        /// The link.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Checks that a program is where it will be found after the app has quit.
///
/// # Errors
/// The program is in a copy that macOS has made of a downloaded app (App Translocation), such as
/// `/private/var/folders/…/T/AppTranslocation/<UUID>/d/Zed.app` (zed-industries/community issue 363).
pub fn check_lasting_place(program: &Path) -> Result<(), LinkError> {
    let mut folders = program.iter();
    if folders.any(|folder| folder == "AppTranslocation") {
        return Err(LinkError::TemporaryCopy);
    }
    Ok(())
}

/// The folders for the programs of a user: the one that every shell on macOS searches, and the
/// user's own.
pub fn program_folders(home: &Path) -> [PathBuf; 2] {
    [PathBuf::from("/usr/local/bin"), home.join(".local/bin")]
}

/// Where the link to a program called `name` goes, from what is in the folders.
///
/// # Errors
/// The name is taken in each writable folder, or no folder is writable.
pub fn plan_link(folders: &[LinkFolder], name: &str) -> Result<LinkPlan, LinkError> {
    let at = |folder: &LinkFolder| folder.path.join(name);
    let own = folders.iter().find(|f| f.occupant == LinkOccupant::OwnLink);
    if let Some(own) = own {
        return Ok(LinkPlan::Keep(at(own)));
    }
    let writable = folders
        .iter()
        .filter(|f| f.access == LinkFolderAccess::Writable);
    let mut taken = None;
    for folder in writable {
        match folder.occupant {
            LinkOccupant::Nothing => return Ok(LinkPlan::Create(at(folder))),
            LinkOccupant::StaleLink => return Ok(LinkPlan::Replace(at(folder))),
            LinkOccupant::Stranger | LinkOccupant::OwnLink => {
                taken = taken.or(Some(at(folder)));
            }
        }
    }
    Err(taken.map_or(LinkError::NoFolder, LinkError::NameTaken))
}

/// Looks what is in the folders. `program` is the absolute path of the program, `bundle_part` the
/// end of that path that all copies of the bundle have in common.
pub fn look_at_folders(folders: &[PathBuf], program: &Path, bundle_part: &Path) -> Vec<LinkFolder> {
    let name = program.file_name().unwrap_or_default();
    folders
        .iter()
        .map(|folder| LinkFolder {
            path: folder.clone(),
            access: access(folder),
            occupant: occupant(&folder.join(name), program, bundle_part),
        })
        .collect()
}

/// A folder that is missing is writable if the nearest folder above it is.
fn access(folder: &Path) -> LinkFolderAccess {
    let existing = folder.ancestors().find(|folder| folder.exists());
    let may = existing
        .is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok());
    if may {
        LinkFolderAccess::Writable
    } else {
        LinkFolderAccess::ReadOnly
    }
}

fn occupant(link: &Path, program: &Path, bundle_part: &Path) -> LinkOccupant {
    match std::fs::read_link(link) {
        Ok(target) if target == program => LinkOccupant::OwnLink,
        // A bundle that was moved leaves a link to nothing, which nobody else needs.
        Ok(target) if target.ends_with(bundle_part) || !link.exists() => LinkOccupant::StaleLink,
        Err(e) if e.kind() == io::ErrorKind::NotFound => LinkOccupant::Nothing,
        Ok(_) | Err(_) => LinkOccupant::Stranger,
    }
}

/// Carries out a plan; returns the link.
///
/// # Errors
/// The link cannot be created; an old link is still in place then.
pub fn create_link(plan: LinkPlan, program: &Path) -> Result<PathBuf, LinkError> {
    let link = match plan {
        LinkPlan::Keep(link) => return Ok(link),
        LinkPlan::Create(link) | LinkPlan::Replace(link) => link,
    };
    let create = || {
        let folder = link.parent().ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::create_dir_all(folder)?;
        // A name that only this process uses, so that the rename replaces the old link at once.
        let mut new = link.as_os_str().to_owned();
        new.push(format!(".{}.new", std::process::id()));
        symlink(program, &new)?;
        std::fs::rename(&new, &link).inspect_err(|_| {
            // A link that is half in place is of no use.
            let _ = std::fs::remove_file(&new);
        })
    };
    match create() {
        Ok(()) => Ok(link),
        Err(source) => Err(LinkError::Io { path: link, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(path: &str, access: LinkFolderAccess, occupant: LinkOccupant) -> LinkFolder {
        LinkFolder {
            path: PathBuf::from(path),
            access,
            occupant,
        }
    }

    #[test]
    fn a_program_in_a_temporary_copy_of_the_app_is_refused_with_a_remedy() {
        let copy = "/private/var/folders/78/msz6/T/AppTranslocation/5A346E3C/d/Trusty Bar.app/\
                    Contents/MacOS/trusty";
        let told = check_lasting_place(Path::new(copy)).expect_err("refused");
        assert!(
            told.to_string().contains("move it to Applications"),
            "{told}"
        );
        let lasting = "/Applications/Trusty Bar.app/Contents/MacOS/trusty";
        check_lasting_place(Path::new(lasting)).expect("a lasting place");
    }

    #[test]
    fn the_link_goes_where_the_user_may_write_and_replaces_no_stranger() {
        use LinkFolderAccess::{ReadOnly, Writable};
        use LinkOccupant::{Nothing, OwnLink, StaleLink, Stranger};
        for (local, home, expected) in [
            (
                (Writable, Nothing),
                (Writable, Nothing),
                Ok("create /l/trusty"),
            ),
            // The usual Mac: /usr/local/bin belongs to root, or is missing.
            (
                (ReadOnly, Nothing),
                (Writable, Nothing),
                Ok("create /h/trusty"),
            ),
            (
                (Writable, StaleLink),
                (Writable, Nothing),
                Ok("replace /l/trusty"),
            ),
            (
                (ReadOnly, StaleLink),
                (Writable, Nothing),
                Ok("create /h/trusty"),
            ),
            (
                (Writable, Stranger),
                (Writable, Nothing),
                Ok("create /h/trusty"),
            ),
            (
                (ReadOnly, OwnLink),
                (Writable, Nothing),
                Ok("keep /l/trusty"),
            ),
            (
                (Writable, Nothing),
                (Writable, OwnLink),
                Ok("keep /h/trusty"),
            ),
            (
                (Writable, Stranger),
                (Writable, Stranger),
                Err("/l/trusty is another program"),
            ),
            (
                (ReadOnly, Nothing),
                (Writable, Stranger),
                Err("/h/trusty is another program"),
            ),
            (
                (ReadOnly, Nothing),
                (ReadOnly, Nothing),
                Err("no folder for programs"),
            ),
        ] {
            let folders = [folder("/l", local.0, local.1), folder("/h", home.0, home.1)];
            let plan = plan_link(&folders, "trusty");
            let told = match &plan {
                Ok(LinkPlan::Keep(at)) => format!("keep {}", at.display()),
                Ok(LinkPlan::Create(at)) => format!("create {}", at.display()),
                Ok(LinkPlan::Replace(at)) => format!("replace {}", at.display()),
                Err(e) => e.to_string(),
            };
            let (expected, is_plan) = match expected {
                Ok(told) => (told, true),
                Err(told) => (told, false),
            };
            assert!(told.starts_with(expected), "{folders:?}: {told}");
            assert_eq!(plan.is_ok(), is_plan, "{folders:?}");
        }
    }

    #[test]
    fn a_link_to_the_program_is_created_and_follows_a_moved_bundle() {
        let home = tempfile::tempdir().expect("a folder");
        let part = Path::new("Trusty Bar.app/Contents/MacOS/trusty");
        let bundled = |at: &str| {
            let program = home.path().join(at).join(part);
            fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
            fs::write(&program, "").expect("a program");
            program
        };
        let folders = [home.path().join(".local/bin")];
        let install = |program: &Path| {
            let looked = look_at_folders(&folders, program, part);
            create_link(plan_link(&looked, "trusty")?, program)
        };
        let first = bundled("Downloads");
        let link = folders[0].join("trusty");
        assert_eq!(install(&first).expect("a link"), link);
        assert_eq!(fs::read_link(&link).expect("a link"), first);
        assert_eq!(install(&first).expect("the same link"), link);
        // The user drags the bundle into another folder; the old one is gone, or is still there.
        let second = bundled("Applications");
        assert_eq!(install(&second).expect("a new link"), link);
        assert_eq!(fs::read_link(&link).expect("a link"), second);
        fs::remove_file(&second).expect("removed");
        let third = bundled("Utilities");
        install(&third).expect("a new link");
        assert_eq!(fs::read_link(&link).expect("a link"), third);
        // A program of the user stays.
        fs::remove_file(&link).expect("removed");
        fs::write(&link, "mine").expect("a program");
        assert!(matches!(install(&third), Err(LinkError::NameTaken(_))));
        assert_eq!(fs::read_to_string(&link).expect("a file"), "mine");
    }
}
