//! The session bus, as far as the notification server is concerned.

use super::BUS_NAME;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use zbus::message::Message;
use zbus::{Connection, MatchRule, MessageStream, Proxy};

const SERVER_PATH: &str = "/org/freedesktop/Notifications";
/// The bus itself, which alone may send by this name.
pub(super) const DBUS_NAME: &str = "org.freedesktop.DBus";
const DBUS_PATH: &str = "/org/freedesktop/DBus";
/// Signals that may wait.
const MAX_SIGNALS: usize = 256;

/// The bus, listened to.
pub(super) struct SessionBus {
    connection: Connection,
    pub(super) signals: mpsc::Receiver<Message>,
}

impl SessionBus {
    /// Joins the bus, and listens to the server from then on.
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
                // A signal that cannot be read is none; who listens no more needs none.
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

    /// The unique name of the server.
    pub(super) async fn owner(&self) -> zbus::Result<String> {
        let bus = Proxy::new(&self.connection, DBUS_NAME, DBUS_PATH, DBUS_NAME).await?;
        bus.call("GetNameOwner", &BUS_NAME).await
    }

    /// Asks a method of the server, for as long as that takes.
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
