//! Waits for a point in time, or for the end of a process.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub use linux::{sleep, wait_exit};
#[cfg(target_os = "macos")]
pub use macos::{sleep, wait_exit};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::stat;
    use trusty_fleet::identity::{ProcessKey, StartTime};

    #[tokio::test]
    async fn the_end_of_a_process_is_told() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        let key = ProcessKey {
            pid: child.id(),
            start: stat(child.id()).expect("stat").expect("alive").start,
        };
        let other = ProcessKey {
            start: StartTime(key.start.0 + 1),
            ..key
        };
        wait_exit(other)
            .await
            .expect("another start time has already ended");
        let waiting = tokio::spawn(wait_exit(key));
        child.kill().expect("kill our own child");
        waiting.await.expect("no panic").expect("reported");
        child.wait().expect("collect");
        wait_exit(key).await.expect("reported at once");
    }
}
