//! Local sockets: bound for this user alone, and bound again if their files vanish.

use crate::file_identity::FileIdentity;
use crate::open_files::{self, ReleasedFile, SpareFiles};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::{fs, io};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

/// A listening socket of mode 0600. Dropping it removes the socket file, unless another one has
/// taken its place.
#[derive(Debug)]
pub struct ListeningSocket {
    path: PathBuf,
    identity: Option<FileIdentity>,
    feed: mpsc::UnboundedSender<std::os::unix::net::UnixListener>,
}

impl ListeningSocket {
    /// Listens at a path in a private folder, and replaces any file there.
    ///
    /// # Errors
    /// As an existing file cannot be removed, or the socket cannot be bound.
    pub fn open(path: PathBuf, spare: &SpareFiles) -> io::Result<(Self, SocketFeed)> {
        let (feed, fresh) = mpsc::unbounded_channel();
        let mut socket = Self {
            path,
            identity: None,
            feed,
        };
        socket.listen()?;
        let feed = SocketFeed {
            fresh,
            current: None,
            spare: spare.clone(),
        };
        Ok((socket, feed))
    }

    /// Whether connections to the path still arrive here.
    pub fn is_in_place(&self) -> bool {
        self.identity.is_some() && self.identity == FileIdentity::of_path(&self.path).ok()
    }

    /// Binds a new socket at the same path; accepted connections go on.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn listen(&mut self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let listener = std::os::unix::net::UnixListener::bind(&self.path)?;
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        self.identity = Some(FileIdentity::of_path(&self.path)?);
        // The send fails if the feed was dropped, which happens while the engine ends.
        let _ = self.feed.send(listener);
        Ok(())
    }
}

impl Drop for ListeningSocket {
    fn drop(&mut self) {
        if let Some(identity) = self.identity {
            // If the whole folder is gone, so is the file.
            let _ = identity.remove_at(&self.path);
        }
    }
}

/// The connections of a [`ListeningSocket`], including those after [`ListeningSocket::listen`].
#[derive(Debug)]
pub struct SocketFeed {
    fresh: mpsc::UnboundedReceiver<std::os::unix::net::UnixListener>,
    current: Option<UnixListener>,
    spare: SpareFiles,
}

/// A connection that was accepted.
#[derive(Debug)]
pub struct AcceptedStream {
    /// The connection.
    pub stream: UnixStream,
    /// The spare descriptor that the connection occupies because no other was free; returned with
    /// the connection.
    pub room: Option<ReleasedFile>,
}

impl SocketFeed {
    /// Accepts the next connection, with a spare descriptor if no other is free.
    ///
    /// # Errors
    /// As accept(2) fails: no spare descriptor is left, or the peer is gone already.
    pub async fn accept(&mut self) -> io::Result<AcceptedStream> {
        loop {
            let Some(listener) = &self.current else {
                match self.fresh.recv().await {
                    Some(fresh) => self.current = Some(UnixListener::from_std(fresh)?),
                    None => std::future::pending().await,
                }
                continue;
            };
            tokio::select! {
                fresh = self.fresh.recv() => match fresh {
                    Some(fresh) => self.current = Some(UnixListener::from_std(fresh)?),
                    None => return accept_with_spare(listener, &self.spare).await,
                },
                taken = accept_with_spare(listener, &self.spare) => return taken,
            }
        }
    }
}

async fn accept_with_spare(
    listener: &UnixListener,
    spare: &SpareFiles,
) -> io::Result<AcceptedStream> {
    let exhausted = match listener.accept().await {
        Ok((stream, _)) => return Ok(AcceptedStream { stream, room: None }),
        Err(e) if open_files::is_exhausted(&e) => e,
        Err(e) => return Err(e),
    };
    let Some(room) = spare.release_one() else {
        return Err(exhausted);
    };
    let (stream, _) = listener.accept().await?;
    Ok(AcceptedStream {
        stream,
        room: Some(room),
    })
}

/// Whether the peer of a connection runs as this user.
pub fn is_own(stream: &UnixStream, uid: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_was_removed_is_made_anew_and_only_its_own_file_is_removed() {
        let root = tempfile::tempdir().expect("folder");
        let path = root.path().join("socket");
        let spare = SpareFiles::reserve(1);
        fs::write(&path, "a left-over").expect("write");
        let (mut socket, mut feed) = ListeningSocket::open(path.clone(), &spare).expect("bound");
        let mode = fs::metadata(&path).expect("socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let reaches = async |feed: &mut SocketFeed| {
            let (near, far) = tokio::join!(UnixStream::connect(&path), feed.accept());
            near.is_ok() && far.is_ok_and(|far| far.room.is_none())
        };
        assert!(socket.is_in_place() && reaches(&mut feed).await);
        fs::remove_file(&path).expect("removed");
        assert!(!socket.is_in_place());
        socket.listen().expect("bound");
        assert!(socket.is_in_place() && reaches(&mut feed).await);

        let (second, _feed) = ListeningSocket::open(path.clone(), &spare).expect("bound");
        assert!(!socket.is_in_place());
        drop(socket);
        assert!(path.exists(), "the second's");
        drop(second);
        assert!(!path.exists());
    }
}
