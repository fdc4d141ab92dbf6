//! Where watches are placed on each system, and which folder an event concerns.
//!
//! Linux watches each folder by itself (inotify), because a watch on a tree costs one for each
//! folder in it. On macOS, one stream (`FSEvents`) covers whole trees, and each change of its paths
//! restarts it, which loses events. So there only the root of a tree is watched, and events that
//! concern no wanted folder are dropped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trusty_fleet::System;
use trusty_platform::file_identity::FileIdentity;
use trusty_platform::files;
use trusty_platform::path_match::{may_be_same_path, may_start_with};

/// A folder whose direct entries are watched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WatchedFolder {
    pub(crate) folder: PathBuf,
    /// The folder itself, or one above it that holds all such folders of a source.
    pub(crate) root: PathBuf,
}

impl WatchedFolder {
    /// A folder that is not one of many.
    pub(crate) fn single(folder: PathBuf) -> Self {
        Self {
            root: folder.clone(),
            folder,
        }
    }
}

/// Where a folder is, or is to appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FolderPlace {
    /// The folder or its nearest existing parent, without links: so macOS names it in events.
    nearest: PathBuf,
    identity: FileIdentity,
    /// The path without links, as far as it exists.
    expected: PathBuf,
}

impl FolderPlace {
    fn find(folder: &Path) -> Option<Self> {
        let existing = files::nearest_existing(folder)?;
        let nearest = existing.canonicalize().ok()?;
        let identity = FileIdentity::of_target(&nearest).ok()?;
        let missing = folder.strip_prefix(&existing).ok()?;
        let expected = nearest.join(missing);
        // `join` with an empty path would add a slash.
        let expected = expected.components().collect();
        Some(Self {
            nearest,
            identity,
            expected,
        })
    }

    fn exists(&self) -> bool {
        self.nearest == self.expected
    }
}

/// A watched folder, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FolderAim {
    /// The folder as the source names it.
    asked: PathBuf,
    place: FolderPlace,
    root: FolderPlace,
}

impl FolderAim {
    /// Finds a folder; `None` if nothing exists on the way to it.
    pub(super) fn find(watched: &WatchedFolder) -> Option<Self> {
        Some(Self {
            asked: watched.folder.clone(),
            place: FolderPlace::find(&watched.folder)?,
            root: FolderPlace::find(&watched.root)?,
        })
    }

    fn is_root(&self) -> bool {
        self.place.expected == self.root.expected
    }
}

/// How much a watch covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WatchDepth {
    /// The entries of the folder.
    Entries,
    /// Everything below the folder.
    Tree,
}

/// One watch of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WatchTarget {
    pub(super) identity: FileIdentity,
    pub(super) depth: WatchDepth,
}

/// The watches that a system needs for these folders, by path without links.
pub(super) fn plan_targets(system: System, aims: &[FolderAim]) -> BTreeMap<PathBuf, WatchTarget> {
    let mut targets = BTreeMap::new();
    for aim in aims {
        for (place, depth) in targets_of(system, aim) {
            let target = WatchTarget {
                identity: place.identity,
                depth,
            };
            let known = targets.entry(place.nearest.clone()).or_insert(target);
            known.depth = known.depth.max(depth);
        }
    }
    let trees: Vec<PathBuf> = targets
        .iter()
        .filter(|(_, target)| target.depth == WatchDepth::Tree)
        .map(|(path, _)| path.clone())
        .collect();
    targets.retain(|path, _| {
        let is_covered = |tree: &PathBuf| path != tree && path.starts_with(tree);
        !trees.iter().any(is_covered)
    });
    targets
}

fn targets_of(system: System, aim: &FolderAim) -> Vec<(&FolderPlace, WatchDepth)> {
    match system {
        System::Linux => vec![(&aim.place, WatchDepth::Entries)],
        // The tree above a missing root is large: only the entry on the way to the root matters.
        System::Mac if aim.is_root() || !aim.root.exists() => {
            vec![(&aim.root, WatchDepth::Entries)]
        }
        System::Mac => {
            let tree = (&aim.root, WatchDepth::Tree);
            // A stream follows no link that lies within its tree.
            let is_outside = !aim.place.nearest.starts_with(&aim.root.nearest);
            let own = is_outside.then_some((&aim.place, WatchDepth::Entries));
            std::iter::once(tree).chain(own).collect()
        }
    }
}

/// What an event means for the watched folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventMeaning {
    /// The event concerns no watched folder.
    Nothing,
    /// These entries of watched folders changed, under the paths by which the source names them.
    Entries(Vec<PathBuf>),
    /// A watched folder, or one above it, appeared, changed or went.
    Folder,
}

/// Maps the path of an event, without links, to the folders that a source named.
pub(super) fn map_event(system: System, aims: &[FolderAim], path: &Path) -> EventMeaning {
    // Checked first, because one watched folder may lie within another.
    let is_above = |aim: &FolderAim| may_start_with(system, &aim.place.expected, path);
    if aims.iter().any(is_above) {
        return EventMeaning::Folder;
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return EventMeaning::Nothing;
    };
    let concerned = aims
        .iter()
        .filter(|aim| may_be_same_path(system, &aim.place.expected, folder));
    let entries: Vec<PathBuf> = concerned.map(|aim| aim.asked.join(name)).collect();
    if entries.is_empty() {
        EventMeaning::Nothing
    } else {
        EventMeaning::Entries(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    const BOTH_SYSTEMS: [System; 2] = [System::Linux, System::Mac];

    fn place(nearest: &str, expected: &str) -> FolderPlace {
        FolderPlace {
            nearest: nearest.into(),
            identity: FileIdentity {
                device: 1,
                inode: 1,
            },
            expected: expected.into(),
        }
    }

    /// A folder that exists at `real`, below a root that exists at `root`.
    fn aim(asked: &str, real: &str, root: &str) -> FolderAim {
        FolderAim {
            asked: asked.into(),
            place: place(real, real),
            root: place(root, root),
        }
    }

    fn meaning(system: System, aims: &[FolderAim], path: &str) -> EventMeaning {
        map_event(system, aims, Path::new(path))
    }

    fn entries<const N: usize>(paths: [&str; N]) -> EventMeaning {
        EventMeaning::Entries(paths.map(PathBuf::from).to_vec())
    }

    #[test]
    fn an_event_names_the_real_path_and_means_the_path_that_was_asked_for() {
        let aims = [
            aim(
                "/Users/dev/.claude/sessions",
                "/Users/dev/dotfiles/claude/sessions",
                "/Users/dev/dotfiles/claude/sessions",
            ),
            aim(
                "/tmp/t/sessions",
                "/private/tmp/t/sessions",
                "/private/tmp/t/sessions",
            ),
        ];
        for system in BOTH_SYSTEMS {
            let told = |path: &str| meaning(system, &aims, path);
            assert_eq!(
                told("/Users/dev/dotfiles/claude/sessions/7.json"),
                entries(["/Users/dev/.claude/sessions/7.json"])
            );
            assert_eq!(
                told("/private/tmp/t/sessions/7.json"),
                entries(["/tmp/t/sessions/7.json"])
            );
            for path in [
                "/Users/dev/dotfiles/claude/sessions",
                "/Users/dev/dotfiles",
                "/",
            ] {
                assert_eq!(told(path), EventMeaning::Folder, "{path}");
            }
            for path in [
                "/Users/dev/dotfiles/claude/history.jsonl",
                "/Users/dev/dotfiles/claude/sessions/7/8.json",
                "/Users/dev/.claude/sessions/7.json",
            ] {
                assert_eq!(told(path), EventMeaning::Nothing, "{path}");
            }
        }
    }

    #[test]
    fn a_folder_that_is_named_twice_hears_of_a_change_twice() {
        let aims = [
            aim(
                "/home/dev/.claude/sessions",
                "/home/dev/c/sessions",
                "/home/dev/c/sessions",
            ),
            aim(
                "/home/dev/c/sessions",
                "/home/dev/c/sessions",
                "/home/dev/c/sessions",
            ),
        ];
        for system in BOTH_SYSTEMS {
            assert_eq!(
                meaning(system, &aims, "/home/dev/c/sessions/7.json"),
                entries([
                    "/home/dev/.claude/sessions/7.json",
                    "/home/dev/c/sessions/7.json"
                ])
            );
        }
    }

    #[test]
    fn case_and_normalisation_of_a_missing_folder_do_not_matter_on_a_mac() {
        let missing = FolderAim {
            asked: "/Users/dev/J\u{fc}rgen/Sessions".into(),
            place: place("/Users/dev", "/Users/dev/J\u{fc}rgen/Sessions"),
            root: place("/Users/dev", "/Users/dev/J\u{fc}rgen/Sessions"),
        };
        let aims = [missing];
        let made = "/Users/dev/Ju\u{308}rgen";
        assert_eq!(meaning(System::Mac, &aims, made), EventMeaning::Folder);
        assert_eq!(meaning(System::Linux, &aims, made), EventMeaning::Nothing);
        let file = "/users/dev/Ju\u{308}rgen/sessions/7.json";
        assert_eq!(
            meaning(System::Mac, &aims, file),
            entries(["/Users/dev/J\u{fc}rgen/Sessions/7.json"])
        );
        assert_eq!(meaning(System::Linux, &aims, file), EventMeaning::Nothing);
    }

    /// The paths of a plan, with `/**` for a tree.
    fn planned(system: System, aims: &[FolderAim]) -> Vec<String> {
        let targets = plan_targets(system, aims).into_iter();
        let texts = targets.map(|(path, target)| match target.depth {
            WatchDepth::Entries => path.display().to_string(),
            WatchDepth::Tree => format!("{}/**", path.display()),
        });
        texts.collect()
    }

    #[test]
    fn a_mac_watches_one_tree_where_linux_watches_each_folder() {
        let mut aims = vec![
            aim("/c/projects/-a", "/c/projects/-a", "/c/projects"),
            aim("/c/projects/-b", "/c/projects/-b", "/c/projects"),
        ];
        assert_eq!(
            planned(System::Linux, &aims),
            ["/c/projects/-a", "/c/projects/-b"]
        );
        assert_eq!(planned(System::Mac, &aims), ["/c/projects/**"]);
        // A session that starts or ends changes nothing for the stream.
        aims.push(aim("/c/projects/-d", "/c/projects/-d", "/c/projects"));
        assert_eq!(planned(System::Mac, &aims), ["/c/projects/**"]);
        // A folder of transcripts may be a link to another volume.
        aims.push(aim("/c/projects/-e", "/big/-e", "/c/projects"));
        assert_eq!(planned(System::Mac, &aims), ["/big/-e", "/c/projects/**"]);
    }

    #[test]
    fn above_a_missing_root_no_tree_is_watched() {
        let missing = FolderAim {
            asked: "/Users/dev/.claude/projects/-a".into(),
            place: place("/Users/dev", "/Users/dev/.claude/projects/-a"),
            root: place("/Users/dev", "/Users/dev/.claude/projects"),
        };
        for system in BOTH_SYSTEMS {
            assert_eq!(
                planned(system, std::slice::from_ref(&missing)),
                ["/Users/dev"]
            );
        }
        let single = [aim("/c", "/c", "/c"), aim("/d", "/d", "/d")];
        for system in BOTH_SYSTEMS {
            assert_eq!(planned(system, &single), ["/c", "/d"]);
        }
    }

    #[test]
    fn a_folder_is_found_through_links_and_below_its_nearest_parent() {
        let dir = tempfile::tempdir().expect("folder");
        let dir = dir.path().canonicalize().expect("there");
        fs::create_dir_all(dir.join("real/sessions")).expect("folders");
        symlink(dir.join("real"), dir.join("link")).expect("link");
        let find = |folder: &str| {
            let watched = WatchedFolder::single(dir.join(folder));
            FolderAim::find(&watched).expect("found").place
        };
        let (real, linked) = (find("real/sessions"), find("link/sessions"));
        assert_eq!(real, linked);
        assert!(real.exists() && real.nearest == dir.join("real/sessions"));
        let missing = find("link/none/sessions");
        assert_eq!(missing.nearest, dir.join("real"));
        assert_eq!(missing.expected, dir.join("real/none/sessions"));
        assert!(!missing.exists());
    }
}
