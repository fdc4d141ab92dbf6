use super::*;
use proptest::prelude::*;
use std::io::{self, Read};

fn log(text: &str) -> ParsedRecording {
    read(text.as_bytes()).expect("a recording")
}

fn read_error(text: &str) -> String {
    read(text.as_bytes()).expect_err("refused").to_string()
}

#[test]
fn every_fact_is_read_as_it_was_written() {
    for fact in rich() {
        let seen = Observation {
            at: Timestamp::from_nanos(1_795_355_214_981_123_457),
            fact,
        };
        let text = serde_json::to_string(&RecordingLine::Observed(seen.clone())).expect("JSON");
        let back: RecordingLine = serde_json::from_str(&text).expect("the same");
        assert_eq!(back, RecordingLine::Observed(seen), "{text}");
    }
}

#[test]
fn what_has_no_end_is_refused_in_words() {
    let endless = || io::BufReader::new(io::repeat(0));
    let told = read(endless()).expect_err("no recording").to_string();
    assert!(told.contains("not a recording"), "{told}");

    let whole = recorded(RecordingPrivacy::Full, rich());
    let bounded = |from: &mut dyn io::BufRead, lines| {
        let read = read::read_bounded(from, 1 << 20, lines);
        read.map(|log| log.lines.len()).map_err(|e| e.to_string())
    };
    assert_eq!(bounded(&mut whole.as_bytes(), 1_000), Ok(rich().len()));
    let large = bounded(&mut whole.as_bytes().chain(endless()), 1_000);
    assert!(large.expect_err("no end").contains("more than"), "bytes");
    let many = bounded(&mut whole.as_bytes(), 3);
    assert!(
        many.expect_err("too many")
            .contains("record for a shorter time"),
        "lines"
    );
}

#[test]
fn a_line_that_is_none_is_named_and_left_out() {
    let whole = recorded(RecordingPrivacy::Full, rich());
    assert_eq!(log(&whole).lines.len(), rich().len());
    assert_eq!(log(&whole).problems, []);

    let mut lines: Vec<&str> = whole.lines().collect();
    let long = format!("\"{}\"", "x".repeat(2 << 20));
    lines.insert(2, "{\"at\":1,\"fact\":{\"Tomorrow\":[]}}");
    lines.insert(3, &long);
    lines.insert(4, "");
    let (last, cut) = (lines.len(), lines[lines.len() - 1].len() / 2);
    let last_line = lines.pop().expect("a line");
    let text = format!("{}\n{}", lines.join("\n"), &last_line[..cut]);
    let read = log(&text);
    assert_eq!(read.lines.len(), rich().len() - 1);
    let told: Vec<String> = read.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 3 is not an observation; skipped".to_owned(),
            "line 4 is too long; skipped".to_owned(),
            format!("line {last} is truncated; skipped"),
        ]
    );
    // A last line that only lacks its end is whole.
    assert_eq!(log(whole.trim_end()).problems, []);

    let bad = whole + &"{}\n".repeat(1000);
    assert_eq!(log(&bad).problems.len(), 20);
    assert_eq!(log(&bad).more_problems, 980);
}

#[test]
fn what_is_no_recording_is_refused_in_words() {
    let long = "x".repeat(2 << 20);
    for text in ["", "\n", "{}", "[1]\n", "\u{fffd}", &long] {
        assert!(read_error(text).contains("not a recording"), "{text:.20}");
    }
    let header = recorded(RecordingPrivacy::Full, Vec::new());
    let header = header.lines().next().expect("a header");
    assert_eq!(log(header).lines, []);
    assert!(read_error(&header.replace("trusty-ob", "ob")).contains("not a recording"));
    let newer = read_error(&header.replace("\"version\":1", "\"version\":2"));
    assert!(newer.contains("trusty 0.1.0 in format 2"), "{newer}");
    assert!(newer.contains("up to 1"), "{newer}");
    // Its header may hold anything else.
    let newer = read_error("{\"format\":\"trusty-observations\",\"version\":9}");
    assert!(
        newer.contains("written by an unknown version of trusty in format 9"),
        "{newer}"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = read(bytes.as_slice());
    }

    #[test]
    fn any_damage_to_a_recording_is_survived(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut bytes = recorded(RecordingPrivacy::Redacted, rich()).into_bytes();
        let at = at.index(bytes.len());
        let _ = read(&bytes[..at]).map(|log| timeline(&log));
        bytes[at] = with;
        let _ = read(bytes.as_slice()).map(|log| describe_timeline(&log, &timeline(&log)));
    }
}
