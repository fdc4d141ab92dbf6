//! The D-Bus session bus, reduced to what the notification server needs.

use super::BUS_NAME;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use zbus::message::Message;
use zbus::{Connection, MatchRule, MessageStream, Proxy};

const SERVER_PATH: &str = "/org/freedesktop/Notifications";
/// The name of the bus itself; only the bus can send messages under it.
pub(super) const DBUS_NAME: &str = "org.freedesktop.DBus";
const DBUS_PATH: &str = "/org/freedesktop/DBus";
/// How many signals may be queued.
const MAX_SIGNALS: usize = 256;

/// A connection to the session bus that receives the server's signals.
pub(super) struct SessionBus {
    connection: Connection,
    pub(super) signals: mpsc::Receiver<Message>,
}

impl SessionBus {
    /// Connects to the bus and subscribes to the server's signals and to changes of its owner.
    pub(super) async fn connect() -> zbus::Result<Self> {
        let connection = Connection::session().await?;
        let server = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(BUS_NAME)?
            .path(SERVER_PATH)?
            .build();
        let names = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(DBUS_NAME)?
            .interface(DBUS_NAME)?
            .member("NameOwnerChanged")?
            .arg(0, BUS_NAME)?
            .build();
        let listen =
            async |rule| MessageStream::for_match_rule(rule, &connection, Some(MAX_SIGNALS)).await;
        let (server, names) = (listen(server).await?, listen(names).await?);
        let (send, signals) = mpsc::channel(MAX_SIGNALS);
        tauri::async_runtime::spawn(async move {
            let mut both = futures_util::stream::select(server, names);
            while let Some(message) = both.next().await {
                // Unreadable messages are skipped. A send fails only after the receiver was
                // dropped.
                if let Ok(message) = message
                    && send.send(message).await.is_err()
                {
                    return;
                }
            }
        });
        Ok(Self {
            connection,
            signals,
        })
    }

    /// The unique bus name of the server.
    pub(super) async fn owner(&self) -> zbus::Result<String> {
        let bus = Proxy::new(&self.connection, DBUS_NAME, DBUS_PATH, DBUS_NAME).await?;
        bus.call("GetNameOwner", &BUS_NAME).await
    }

    /// Whether a server runs, or the bus can start one. Starts none.
    pub(super) async fn has_server(&self) -> zbus::Result<bool> {
        let bus = Proxy::new(&self.connection, DBUS_NAME, DBUS_PATH, DBUS_NAME).await?;
        if bus.call("NameHasOwner", &BUS_NAME).await? {
            return Ok(true);
        }
        let can_start: Vec<String> = bus.call("ListActivatableNames", &()).await?;
        Ok(can_start.iter().any(|name| name == BUS_NAME))
    }

    /// Calls a method of the server, without a timeout.
    pub(super) fn ask<B, R>(
        &self,
        method: &'static str,
        body: B,
    ) -> impl Future<Output = zbus::Result<R>> + Send + use<B, R>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType + Send + Sync,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let connection = self.connection.clone();
        async move {
            let server = Proxy::new(&connection, BUS_NAME, SERVER_PATH, BUS_NAME).await?;
            server.call(method, &body).await
        }
    }
}
