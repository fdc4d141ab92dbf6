//! Notices through the desktop's notification server, `org.freedesktop.Notifications`.

use crate::notifier::server::{
    APPROVE, CLICK, Choice, DENY, Event, Reach, SHOW, Server, ShowError, about,
};
use futures_util::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use tauri::AppHandle;
use tauri::image::Image;
use tokio::sync::mpsc;
use trusty_engine::io::clock;
use trusty_fleet::notice::{Kind, Notice, Slot};
use zbus::message::Message;
use zbus::zvariant::{Structure, Value};
use zbus::{Connection, MatchRule, MessageStream, Proxy};

const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
/// No call takes longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server may have to be started first.
const START: Duration = Duration::from_secs(5);
/// Signals that may wait.
const SIGNALS: usize = 256;
/// Who approves sooner has not read what is there: a click may have been meant for another.
const READ: Duration = Duration::from_millis(500);
/// The name of the app's desktop file, by which desktops know its icon and its settings.
const DESKTOP_ENTRY: &str = "Trusty Bar";
/// It stays until it is taken back.
const STAYS: i32 = 0;
/// As long as the server wants.
const USUAL: i32 = -1;
/// "Normal": "critical" would break into the quiet that its user has asked their desktop for.
const URGENCY: u8 = 1;

/// The notification server, as far as it is known.
pub(crate) struct Notifications {
    bus: Option<Bus>,
    /// The unique bus name of the server that was asked last.
    owner: Option<String>,
    able: Able,
    shown: BTreeMap<u32, Shown>,
}

struct Bus {
    connection: Connection,
    signals: mpsc::Receiver<Message>,
}

/// What a server can.
#[derive(Debug, Clone, Copy, Default)]
struct Able {
    actions: bool,
    body: bool,
    markup: bool,
}

/// What is shown under an id of the server's.
struct Shown {
    slot: Slot,
    notice: Notice,
    since: Instant,
}

impl Notifications {
    /// Nothing is asked of the desktop before there is something to tell.
    pub(crate) fn new(_app: &AppHandle) -> Self {
        Self {
            bus: None,
            owner: None,
            able: Able::default(),
            shown: BTreeMap::new(),
        }
    }

    async fn bus(&mut self) -> Option<&Bus> {
        if self.bus.is_none() {
            self.bus = within(PATIENCE, Bus::connect()).await;
        }
        self.bus.as_ref()
    }

    /// Asks a method of the server.
    async fn call<B, R>(&self, patience: Duration, method: &str, body: &B) -> zbus::Result<R>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType + Sync,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let Some(bus) = &self.bus else {
            return Err(zbus::Error::Failure("there is no session bus".into()));
        };
        let asked = async {
            let server = Proxy::new(&bus.connection, SERVER, PATH, SERVER).await?;
            server.call(method, body).await
        };
        let late = || zbus::Error::Failure("the notification server did not answer".into());
        tokio::time::timeout(patience, asked)
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    fn id_of(&self, slot: Slot) -> Option<u32> {
        self.shown
            .iter()
            .find(|(_, shown)| shown.slot == slot)
            .map(|(id, _)| *id)
    }

    /// What a signal says, if it is news of ours.
    fn understand(&mut self, message: &Message) -> Option<Event> {
        let header = message.header();
        let member = header.member()?.as_str().to_owned();
        if member == "NameOwnerChanged" {
            let (_, _, new): (String, String, String) = message.body().deserialize().ok()?;
            if self.owner.as_deref() == Some(new.as_str()) {
                return None;
            }
            self.owner = None;
            self.shown.clear();
            return (!new.is_empty()).then_some(Event::Came);
        }
        // Any program of the bus could say so; only the server's word counts.
        if header.sender().map(zbus::names::UniqueName::as_str) != self.owner.as_deref() {
            return None;
        }
        match member.as_str() {
            "ActionInvoked" => {
                let (id, name): (u32, String) = message.body().deserialize().ok()?;
                let shown = self.shown.get(&id)?;
                let choice = Choice::named(&name, &shown.notice)?;
                let unread = clock::instant().duration_since(shown.since) < READ;
                let choice = match choice {
                    Choice::Approve(_) if unread => Choice::Show,
                    choice => choice,
                };
                Some(Event::Chosen(shown.slot, choice))
            }
            "NotificationClosed" => {
                let (id, _reason): (u32, u32) = message.body().deserialize().ok()?;
                Some(Event::Closed(self.shown.remove(&id)?.slot))
            }
            _ => None,
        }
    }
}

impl Server for Notifications {
    async fn reach(&mut self) -> Reach {
        if self.bus().await.is_none() {
            return Reach::Nobody;
        }
        if self.owner.is_some() {
            return Reach::Same;
        }
        let able: Vec<String> = match self.call(START, "GetCapabilities", &()).await {
            Ok(able) => able,
            Err(_) => return Reach::Nobody,
        };
        let can = |what: &str| able.iter().any(|a| a == what);
        self.able = Able {
            actions: can("actions"),
            body: can("body"),
            markup: can("body-markup"),
        };
        let Some(bus) = &self.bus else {
            return Reach::Nobody;
        };
        self.owner = within(PATIENCE, bus.owner()).await;
        self.shown.clear();
        match self.owner {
            Some(_) => Reach::New,
            None => Reach::Nobody,
        }
    }

    async fn show(&mut self, slot: Slot, notice: &Notice) -> Result<(), ShowError> {
        if self.owner.is_none() {
            return Err(ShowError::Nobody);
        }
        let before = self.id_of(slot).unwrap_or(0);
        // What is answered right here must be read right here.
        let notice = Notice {
            answers: notice.answers.clone().filter(|_| self.able.body),
            ..notice.clone()
        };
        let (title, body) = self.able.words(&notice);
        let buttons = self.able.buttons(&notice);
        let actions: Vec<&str> = buttons
            .iter()
            .flat_map(|(name, words)| [name.as_str(), words.as_str()])
            .collect();
        let hints = hints(&notice);
        let lasts = match notice.kind {
            Kind::Needs => STAYS,
            Kind::Finished | Kind::Failed | Kind::Stopped => USUAL,
        };
        let asked = ("Trusty Bar", before, "", title, body, actions, hints, lasts);
        let id: u32 = self
            .call(PATIENCE, "Notify", &asked)
            .await
            .map_err(|e| ShowError::Failed(e.to_string()))?;
        self.shown.remove(&before);
        let since = clock::instant();
        let shown = Shown {
            slot,
            notice,
            since,
        };
        self.shown.insert(id, shown);
        Ok(())
    }

    async fn withdraw(&mut self, slot: Slot) {
        if let Some(id) = self.id_of(slot) {
            self.shown.remove(&id);
            // One that is gone already is an error of some servers.
            let _: zbus::Result<()> = self.call(PATIENCE, "CloseNotification", &id).await;
        }
    }

    async fn next(&mut self) -> Event {
        loop {
            let message = match &mut self.bus {
                Some(bus) => bus.signals.recv().await,
                None => std::future::pending().await,
            };
            let Some(message) = message else {
                // The bus has gone; the next notice looks for a new one.
                self.bus = None;
                self.owner = None;
                self.shown.clear();
                continue;
            };
            if let Some(event) = self.understand(&message) {
                return event;
            }
        }
    }
}

impl Bus {
    async fn connect() -> zbus::Result<Self> {
        let connection = Connection::session().await?;
        let server = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(SERVER)?
            .path(PATH)?
            .build();
        let names = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(BUS)?
            .interface(BUS)?
            .member("NameOwnerChanged")?
            .arg(0, SERVER)?
            .build();
        let listen =
            async |rule| MessageStream::for_match_rule(rule, &connection, Some(SIGNALS)).await;
        let (server, names) = (listen(server).await?, listen(names).await?);
        let (send, signals) = mpsc::channel(SIGNALS);
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
    async fn owner(&self) -> zbus::Result<String> {
        let bus = Proxy::new(&self.connection, BUS, BUS_PATH, BUS).await?;
        bus.call("GetNameOwner", &SERVER).await
    }
}

impl Able {
    /// The title and the body, as this server takes them.
    fn words(self, notice: &Notice) -> (String, String) {
        match (self.body, self.markup) {
            (false, _) => (format!("{}: {}", notice.title, notice.body), String::new()),
            (true, false) => (notice.title.clone(), notice.body.clone()),
            (true, true) => (notice.title.clone(), escaped(&notice.body)),
        }
    }

    /// The names and words of its buttons.
    fn buttons(self, notice: &Notice) -> Vec<(String, String)> {
        if !self.actions {
            return Vec::new();
        }
        let named = |name: &str, words: &str| (name.to_owned(), words.to_owned());
        let answers = notice.answers.iter().flat_map(|request| {
            [APPROVE, DENY].map(|(name, words)| named(&about(name, request), words))
        });
        let click = [named(CLICK, SHOW.1)].into_iter();
        click
            .chain(answers)
            .chain([named(SHOW.0, SHOW.1)])
            .collect()
    }
}

fn hints(notice: &Notice) -> HashMap<&'static str, Value<'static>> {
    let category = match notice.kind {
        Kind::Needs => "x-trusty.needs-you",
        Kind::Finished => "x-trusty.finished",
        Kind::Failed => "x-trusty.failed",
        Kind::Stopped => "x-trusty.stopped",
    };
    let mut hints = HashMap::from([
        ("urgency", Value::U8(URGENCY)),
        ("category", Value::from(category)),
        ("desktop-entry", Value::from(DESKTOP_ENTRY)),
    ]);
    let image = Image::from_bytes(include_bytes!("../../../../icons/128x128.png"));
    if let Ok(image) = image
        && let (Ok(width), Ok(height)) =
            (i32::try_from(image.width()), i32::try_from(image.height()))
    {
        // Width, height, bytes in a row, whether it has alpha, bits a sample, samples a pixel.
        let pixels = image.rgba().to_vec();
        let drawn = Structure::from((width, height, width * 4, true, 8_i32, 4_i32, pixels));
        hints.insert("image-data", Value::from(drawn));
    }
    hints
}

/// Text as markup that says just that.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

async fn within<T>(patience: Duration, asked: impl Future<Output = zbus::Result<T>>) -> Option<T> {
    tokio::time::timeout(patience, asked).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_given_what_it_can_show() {
        let notice = Notice {
            kind: Kind::Needs,
            title: "pay & <b>ments".into(),
            body: "a < b && c > d".into(),
            answers: None,
        };
        let able = |actions, body, markup| Able {
            actions,
            body,
            markup,
        };
        let (title, body) = able(true, true, true).words(&notice);
        assert_eq!(title, notice.title);
        assert_eq!(body, "a &lt; b &amp;&amp; c &gt; d");
        assert_eq!(able(true, true, false).words(&notice).1, notice.body);
        let (title, body) = able(false, false, false).words(&notice);
        assert_eq!(title, "pay & <b>ments: a < b && c > d");
        assert_eq!(body, "");
        assert!(able(false, true, true).buttons(&notice).is_empty());
        let names = |notice: &Notice| {
            let buttons = able(true, true, true).buttons(notice);
            buttons
                .into_iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&notice), [CLICK, "show"]);
        let asks = Notice {
            answers: Some(trusty_fleet::request::RequestId("a".into())),
            ..notice.clone()
        };
        assert_eq!(names(&asks), [CLICK, "approve a", "deny a", "show"]);
        // All that are given are understood.
        let known = |name: &String| Choice::named(name, &asks).is_some();
        assert!(names(&asks).iter().all(known));
        assert!(hints(&notice).contains_key("image-data"));
    }
}
