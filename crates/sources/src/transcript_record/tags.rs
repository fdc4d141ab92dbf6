//! The tags by which Claude Code marks what it writes in place of a prompt.

/// The content of the first `<name>…</name>`.
pub(super) fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (within, _) = rest.split_once(&format!("</{name}>"))?;
    Some(within)
}

/// The contents of the leading `<name>…</name>` tags; the text after them may quote anything.
pub(super) fn tags(text: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let Some(start) = text.find(&open) else {
        return Vec::new();
    };
    let mut rest = &text[start..];
    let mut found = Vec::new();
    while let Some((within, after)) = rest
        .strip_prefix(&open)
        .and_then(|rest| rest.split_once(&close))
    {
        found.push(within.to_owned());
        rest = after.trim_start();
    }
    found
}
