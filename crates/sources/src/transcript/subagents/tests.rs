use super::*;
use proptest::prelude::*;
use std::time::Duration;

const META_SAMPLE: &str = r#"{"agentType":"general-purpose","isBuiltIn":true,"description":"Job 1","toolUseId":"toolu_1","spawnDepth":1,"model":"claude-opus-5-5"}"#;
const WORK_SAMPLE: &str = include_str!("../samples/agent.jsonl");

struct SubagentFixture {
    dir: tempfile::TempDir,
    agents: SubagentTracker,
    trouble: TranscriptProblems,
}

impl SubagentFixture {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("folder"),
            agents: SubagentTracker::default(),
            trouble: TranscriptProblems::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// As the client does, in one piece.
    fn describe(&self, id: &str, meta: &str) {
        let new = self.path(&format!("agent-{id}.meta.json.tmp.1"));
        fs::write(&new, meta).expect("write");
        fs::rename(&new, self.path(&format!("agent-{id}.meta.json"))).expect("replace");
    }

    /// One described so many seconds ago.
    fn describe_before(&self, seconds: u64, id: &str, meta: &str) {
        let path = self.path(&format!("agent-{id}.meta.json"));
        fs::write(&path, meta).expect("write");
        let at = clock::wall() - Duration::from_secs(seconds);
        let file = fs::File::options().append(true).open(path).expect("open");
        file.set_modified(at).expect("set");
    }

    fn write(&self, id: &str, lines: usize) {
        let text: String = WORK_SAMPLE.split_inclusive('\n').take(lines).collect();
        fs::write(self.path(&format!("agent-{id}.jsonl")), text).expect("write");
    }

    fn scan_facts(&mut self) -> Vec<SubagentFacts> {
        self.agents.scan_folder(self.dir.path(), &mut self.trouble);
        self.agents.delegations(|_| None)
    }

    fn notice(&mut self, name: &str) -> Vec<SubagentFacts> {
        let path = self.path(name);
        self.agents.notice(&path, &mut self.trouble);
        self.agents.delegations(|_| None)
    }
}

fn ended_description(meta: &str, word: &str) -> String {
    meta.replace('}', &format!(",\"{word}\":true}}"))
}

/// The line in which the sample asks for its tool.
fn calling() -> usize {
    WORK_SAMPLE
        .lines()
        .position(|l| l.contains("tool_use\""))
        .expect("calls")
        + 1
}

#[test]
fn one_runs_from_its_description_to_its_end() {
    let mut folder = SubagentFixture::new();
    assert!(folder.scan_facts().is_empty());
    folder.describe("a1", META_SAMPLE);
    let told = folder.scan_facts();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].agent_id, "a1");
    assert_eq!(told[0].agent_type.as_deref(), Some("general-purpose"));
    assert_eq!(told[0].description.as_deref(), Some("Job 1"));
    assert_eq!((told[0].depth, told[0].calls.len()), (1, 0));

    folder.write("a1", calling());
    let told = folder.notice("agent-a1.jsonl");
    let began = Timestamp::from_rfc3339("2026-11-22T19:13:59.526Z");
    assert_eq!(Some(told[0].at), began, "by its own first record");
    assert_eq!(told[0].calls[0].detail.as_deref(), Some("touch x"));

    folder.describe("a1", &ended_description(META_SAMPLE, "finished"));
    assert!(folder.notice("agent-a1.meta.json").is_empty());
    assert!(folder.scan_facts().is_empty());
    // Sent another message, it goes on.
    folder.describe("a1", META_SAMPLE);
    assert_eq!(folder.notice("agent-a1.meta.json")[0].calls.len(), 1);
    folder.describe("a1", &ended_description(META_SAMPLE, "stoppedByUser"));
    assert!(folder.scan_facts().is_empty());
}

#[test]
fn its_own_end_or_a_note_of_it_will_do() {
    let mut folder = SubagentFixture::new();
    folder.describe("a1", META_SAMPLE);
    folder.write("a1", calling());
    assert_eq!(folder.scan_facts().len(), 1);
    let newest = folder.agents.known["a1"].running.as_ref();
    let newest = newest.and_then(|r| r.story.newest_at()).expect("written");
    let told = |at: Timestamp| folder.agents.delegations(|_| Some(at)).len();
    assert_eq!(told(newest), 0);
    let before = Timestamp::from_nanos(newest.as_nanos() - 1);
    assert_eq!(told(before), 1, "it has gone on since");
    folder.write("a1", usize::MAX);
    assert!(folder.scan_facts().is_empty(), "an end of its own");
}

#[test]
fn left_overs_hide_no_new_sub_agent() {
    let mut folder = SubagentFixture::new();
    // The oldest is still at work, the others never ended.
    folder.describe_before(9_000, "a-long-one", META_SAMPLE);
    let mut line: Value =
        serde_json::from_str(WORK_SAMPLE.lines().next().expect("a line")).expect("JSON");
    line["timestamp"] = "2100-01-01T00:00:00.000Z".into();
    fs::write(folder.path("agent-a-long-one.jsonl"), format!("{line}\n")).expect("write");
    for n in 0..63 {
        folder.describe_before(5_000 + n, &format!("old{n}"), META_SAMPLE);
    }
    assert_eq!(folder.scan_facts().len(), MAX_FOLLOWED_SUBAGENTS);
    for (n, name) in ["new1", "new2"].into_iter().enumerate() {
        folder.describe(name, META_SAMPLE);
        let told = match n {
            0 => folder.scan_facts(),
            _ => folder.notice(&format!("agent-{name}.meta.json")),
        };
        let ids: Vec<&str> = told.iter().map(|d| d.agent_id.as_str()).collect();
        assert_eq!(ids.len(), MAX_FOLLOWED_SUBAGENTS);
        assert!(
            ids.contains(&name) && ids.contains(&"a-long-one"),
            "{ids:?}"
        );
        assert_eq!(folder.scan_facts(), told, "and so it stays");
    }
}

#[test]
fn of_ten_thousand_the_newest_are_looked_at() {
    let mut folder = SubagentFixture::new();
    let done = ended_description(META_SAMPLE, "finished");
    for n in 0..10_000 {
        folder.describe_before(60, &format!("a{n:05}"), &done);
    }
    for n in 0..8 {
        folder.describe(&format!("new{n}"), META_SAMPLE);
    }
    assert_eq!(folder.scan_facts().len(), 8);
    assert_eq!(folder.scan_facts().len(), 8);
}

#[test]
fn the_nested_and_the_broken_are_told_apart() {
    let mut folder = SubagentFixture::new();
    folder.describe("b2", &META_SAMPLE.replace(":1,", ":2,"));
    folder.describe("broken", "{\"agentType\":");
    fs::write(folder.path("agent-acompact-1.jsonl"), "{}\n").expect("write");
    fs::write(folder.path("notes.meta.json"), META_SAMPLE).expect("write");
    let told = folder.scan_facts();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].depth, 2);
    folder.describe("broken", META_SAMPLE);
    assert_eq!(folder.notice("agent-broken.meta.json").len(), 2);
    fs::remove_file(folder.path("agent-b2.meta.json")).expect("remove");
    assert_eq!(folder.scan_facts().len(), 1);
}

#[test]
fn of_very_many_the_newest_are_followed() {
    let mut folder = SubagentFixture::new();
    for n in 0..100 {
        folder.describe(&format!("a{n:03}"), META_SAMPLE);
    }
    let told = folder.scan_facts();
    assert_eq!(told.len(), MAX_FOLLOWED_SUBAGENTS);
    for n in 0..100 {
        folder.describe(
            &format!("a{n:03}"),
            &ended_description(META_SAMPLE, "finished"),
        );
    }
    assert!(folder.scan_facts().is_empty());
    folder.describe("a000", META_SAMPLE);
    assert_eq!(folder.scan_facts().len(), 1, "there is room again");
}

#[test]
fn a_folder_that_is_none_is_told_and_healed() {
    let mut folder = SubagentFixture::new();
    let path = folder.path("subagents");
    fs::write(&path, "").expect("write");
    folder.agents.scan_folder(&path, &mut folder.trouble);
    assert_eq!(folder.trouble.drain_facts().len(), 1);
    fs::remove_file(&path).expect("remove");
    folder.agents.scan_folder(&path, &mut folder.trouble);
    assert!(matches!(
        folder.trouble.drain_facts()[..],
        [trusty_fleet::Fact::Health(_, None)]
    ));
}

proptest! {
    #[test]
    fn any_description_decodes(bytes in prop::collection::vec(any::<u8>(), 0..256), at in 0..META_SAMPLE.len(), with in any::<u8>()) {
        let _ = decode_about(&bytes);
        let mut meta = META_SAMPLE.as_bytes().to_vec();
        meta[at] = with;
        let _ = decode_about(&meta);
    }
}
