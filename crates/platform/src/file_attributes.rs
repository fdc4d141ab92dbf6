//! Extended attributes of files: security labels, access lists, notes of other programs.

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
use rustix::io::Errno;
use std::fs::File;
use std::io;

/// The most bytes that either system accepts for all names together, and for one value.
const MAX_ATTRIBUTE_BYTES: usize = 64 * 1024;
/// macOS sets this attribute itself, and no program can.
const PROVENANCE_ATTRIBUTE: &str = "com.apple.provenance";

/// Why an attribute was not copied.
#[derive(Debug, thiserror::Error)]
#[error(
    "the attribute {name}, which cannot be set on a new file ({why}); remove the attribute, or \
     edit the file by hand"
)]
pub struct AttributeError {
    /// The attribute's name; "?" if the names could not be read.
    name: String,
    #[source]
    why: io::Error,
}

/// Copies all extended attributes of a file to another one, except those that macOS sets itself.
///
/// # Errors
/// Names the first attribute that cannot be read or set.
pub fn copy(from: &File, to: &File) -> Result<(), AttributeError> {
    let failed = |name: &str, why: Errno| AttributeError {
        name: name.to_owned(),
        why: why.into(),
    };
    let mut names = vec![0; MAX_ATTRIBUTE_BYTES];
    let count = match flistxattr(from, &mut names[..]) {
        Ok(count) => count,
        // The file system supports no attributes.
        Err(Errno::NOTSUP) => 0,
        Err(e) => return Err(failed("?", e)),
    };
    for name in names[..count].split(|byte| *byte == 0) {
        let shown = String::from_utf8_lossy(name);
        if name.is_empty() || shown == PROVENANCE_ATTRIBUTE {
            continue;
        }
        let value = read(from, name).map_err(|e| failed(&shown, e))?;
        // A label that every file of the folder gets by itself may be one that no program can set.
        if read(to, name).is_ok_and(|given| given == value) {
            continue;
        }
        fsetxattr(to, name, &value, XattrFlags::empty()).map_err(|e| failed(&shown, e))?;
    }
    Ok(())
}

fn read(file: &File, name: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; MAX_ATTRIBUTE_BYTES];
    let count = fgetxattr(file, name, &mut value[..])?;
    value.truncate(count);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_given_the_attributes_of_another() {
        let dir = tempfile::tempdir().expect("folder");
        let file = |name: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, name).expect("written");
            File::options()
                .read(true)
                .write(true)
                .open(path)
                .expect("opened")
        };
        let (from, to) = (file("from"), file("to"));
        let given = fsetxattr(&from, "user.note", b"kept", XattrFlags::empty());
        if given == Err(Errno::NOTSUP) {
            return;
        }
        given.expect("given");
        copy(&from, &to).expect("copied");
        copy(&from, &to).expect("copied again");
        assert_eq!(read(&to, b"user.note").expect("there"), b"kept");
        copy(&to, &file("third")).expect("copied");
    }
}
