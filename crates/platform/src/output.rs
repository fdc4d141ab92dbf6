//! Whether standard output still has a reader.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
use linux::wait_reader_gone;
#[cfg(target_os = "macos")]
use macos::wait_reader_gone;

use std::io;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::thread;
use tokio::sync::watch;

/// What is known of the reader of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputReader {
    Gone,
    /// The system does not report the end of a reader, as for a file.
    Unknown,
}

/// Returns once standard output has no reader any more; never if that cannot be detected.
pub async fn reader_gone() {
    static READER_GONE: OnceLock<Option<watch::Receiver<bool>>> = OnceLock::new();
    let Some(gone) = READER_GONE.get_or_init(listen) else {
        return std::future::pending().await;
    };
    // The channel closes without a value if the end of a reader is not reported.
    if gone.clone().wait_for(|gone| *gone).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits on a thread of its own, which a runtime does not wait for when it shuts down.
fn listen() -> Option<watch::Receiver<bool>> {
    let (send, gone) = watch::channel(false);
    let wait = move || {
        if wait_reader_gone(io::stdout().as_fd()) == OutputReader::Gone {
            // The send fails if there is no receiver.
            let _ = send.send(true);
        }
    };
    thread::Builder::new()
        .name("trusty-output".into())
        .spawn(wait)
        .ok()?;
    Some(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn the_end_of_the_reader_of_a_pipe_is_noticed_however_full_the_pipe_is() {
        let (mut reader, mut writer) = io::pipe().expect("pipe");
        writer.write_all(b"a line\n").expect("written");
        let waiting = thread::spawn(move || {
            let told = wait_reader_gone(writer.as_fd());
            (told, writer)
        });
        let mut line = [0; 7];
        reader.read_exact(&mut line).expect("read");
        drop(reader);
        let (told, _writer) = waiting.join().expect("no panic");
        assert_eq!(told, OutputReader::Gone);
    }
}
