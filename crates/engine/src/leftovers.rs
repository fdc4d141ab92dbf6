//! Files that programs of ours which were killed have left, wherever we write: removed once the
//! process that made them is gone, and by their exact names alone.
use std::collections::BTreeSet;
use std::path::PathBuf;
use trusty_records::store::PauseStore;
use trusty_wire::environment::Environment;

/// Removes what is left over in the data folder and beside the settings of these config folders,
/// and of those that were ever connected. What cannot be removed stays, and harms nothing.
pub fn clean_leftovers(env: &Environment, config_dirs: &BTreeSet<PathBuf>) {
    // A folder that cannot be written is told of by whoever has to write there.
    let _ = PauseStore::from_env(env).clean_leftovers();
    trusty_integration::clean_leftovers(env, config_dirs);
}
