//! The capabilities of a notification server, and notices in the form that it accepts.

use crate::notifier::server::{
    APPROVE_BUTTON, CLICK_ACTION, DENY_BUTTON, SHOW_BUTTON, request_button_name,
};
use std::collections::HashMap;
use tauri::image::Image;
use trusty_fleet::notice::{Notice, NoticeKind};
use zbus::zvariant::{Structure, Value};

/// The name of the app's desktop file, by which desktops find its icon and settings.
const DESKTOP_ENTRY: &str = "Trusty Bar";
/// Urgency "normal": "critical" would override a do-not-disturb mode that the user has set.
const NORMAL_URGENCY: u8 = 1;

/// The capabilities of a server that we use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ServerCapabilities {
    pub(super) actions: bool,
    pub(super) body: bool,
    pub(super) markup: bool,
}

impl ServerCapabilities {
    /// The title and body in the form that the server accepts.
    pub(super) fn title_and_body(self, notice: &Notice) -> (String, String) {
        match (self.body, self.markup) {
            (false, _) => (format!("{}: {}", notice.title, notice.body), String::new()),
            (true, false) => (notice.title.clone(), notice.body.clone()),
            (true, true) => (notice.title.clone(), escaped(&notice.body)),
        }
    }

    /// The action names and labels of the buttons.
    pub(super) fn buttons(self, notice: &Notice) -> Vec<(String, String)> {
        if !self.actions {
            return Vec::new();
        }
        let named = |name: &str, words: &str| (name.to_owned(), words.to_owned());
        let answers = notice.answers.iter().flat_map(|request| {
            [APPROVE_BUTTON, DENY_BUTTON]
                .map(|(name, words)| named(&request_button_name(name, request), words))
        });
        let click = [named(CLICK_ACTION, SHOW_BUTTON.1)].into_iter();
        click
            .chain(answers)
            .chain([named(SHOW_BUTTON.0, SHOW_BUTTON.1)])
            .collect()
    }
}

/// The hints of a notice: urgency, category, desktop entry and icon.
pub(super) fn hints(notice: &Notice) -> HashMap<&'static str, Value<'static>> {
    let category = match notice.kind {
        NoticeKind::Needs => "x-trusty.needs-you",
        NoticeKind::Finished => "x-trusty.finished",
        NoticeKind::Failed => "x-trusty.failed",
        NoticeKind::Stopped => "x-trusty.stopped",
    };
    let mut hints = HashMap::from([
        ("urgency", Value::U8(NORMAL_URGENCY)),
        ("category", Value::from(category)),
        ("desktop-entry", Value::from(DESKTOP_ENTRY)),
    ]);
    let image = Image::from_bytes(include_bytes!("../../../../icons/128x128.png"));
    if let Ok(image) = image
        && let (Ok(width), Ok(height)) =
            (i32::try_from(image.width()), i32::try_from(image.height()))
    {
        // Width, height, bytes per row, whether there is alpha, bits per sample, samples per pixel.
        let pixels = image.rgba().to_vec();
        let drawn = Structure::from((width, height, width * 4, true, 8_i32, 4_i32, pixels));
        hints.insert("image-data", Value::from(drawn));
    }
    hints
}

/// Escapes text for body markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifier::server::NoticeChoice;
    use trusty_fleet::System;

    #[test]
    fn each_server_is_given_what_it_can_show() {
        let notice = Notice {
            kind: NoticeKind::Needs,
            title: "pay & <b>ments".into(),
            body: "a < b && c > d".into(),
            answers: None,
        };
        let able = |actions, body, markup| ServerCapabilities {
            actions,
            body,
            markup,
        };
        let (title, body) = able(true, true, true).title_and_body(&notice);
        assert_eq!(title, notice.title);
        assert_eq!(body, "a &lt; b &amp;&amp; c &gt; d");
        assert_eq!(
            able(true, true, false).title_and_body(&notice).1,
            notice.body
        );
        let (title, body) = able(false, false, false).title_and_body(&notice);
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
        assert_eq!(names(&notice), [CLICK_ACTION, "show"]);
        let asks = Notice {
            answers: Some(trusty_fleet::request::RequestId("a".into())),
            ..notice.clone()
        };
        assert_eq!(names(&asks), [CLICK_ACTION, "approve a", "deny a", "show"]);
        // Every button that is offered is understood.
        let known = |name: &String| NoticeChoice::from_name(System::Linux, name, &asks).is_some();
        assert!(names(&asks).iter().all(known));
        assert!(hints(&notice).contains_key("image-data"));
    }
}
