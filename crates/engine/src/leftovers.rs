//! Removes files that killed programs of Trusty Bar left behind, wherever those write. A file is
//! recognized by its exact name, and removed only if the process that made it has ended.
use std::collections::BTreeSet;
use std::path::PathBuf;
use trusty_records::store::PauseStore;
use trusty_wire::environment::Environment;

/// Removes leftovers in the data folder, beside the settings of these config folders, and beside
/// those of every folder that was ever connected. What cannot be removed stays and is harmless.
pub fn clean_leftovers(env: &Environment, config_dirs: &BTreeSet<PathBuf>) {
    // The code that has to write to an unwritable folder reports it.
    let _ = PauseStore::from_env(env).clean_leftovers();
    trusty_integration::clean_leftovers(env, config_dirs);
}
