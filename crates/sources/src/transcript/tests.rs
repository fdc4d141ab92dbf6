use super::*;
use crate::test_files::make_pipe;
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use tokio::sync::{mpsc, watch};
use trusty_fleet::cadence::{FleetActivity, UiVisibility, cadence};
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::TurnEndKind;
use trusty_fleet::{Observation, System, Timestamp};
use trusty_platform::clock::Clock;

const TURNS_SAMPLE: &str = include_str!("samples/turns.jsonl");
const AGENT_SAMPLE: &str = include_str!("samples/agent.jsonl");
const META_SAMPLE: &str = r#"{"agentType":"general-purpose","description":"Job 1","spawnDepth":1}"#;
const SESSION_ID: &str = "e2c78078-5f41-419a-9057-b2284c6b63a1";
const OTHER_SESSION_ID: &str = "17d27faf-87ce-4bab-8e05-b96f36a75887";

struct TranscriptSourceFixture {
    dir: tempfile::TempDir,
    transcripts: TranscriptSource,
}

impl TranscriptSourceFixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        Self {
            dir,
            transcripts: TranscriptSource::new(FolderAccess::current()),
        }
    }

    fn key(&self, which: TranscriptSelector) -> TranscriptKey {
        TranscriptKey {
            dir: self.dir.path().canonicalize().expect("root"),
            cwd: "/work/x.y".into(),
            which,
        }
    }

    fn session(&self, id: &str) -> TranscriptKey {
        self.key(TranscriptSelector::Session(id.into()))
    }

    fn path(&self, id: &str) -> PathBuf {
        let root = self.dir.path().canonicalize().expect("root");
        root.join(format!("projects/-work-x-y/{id}.jsonl"))
    }

    fn append(&self, id: &str, text: impl AsRef<[u8]>) {
        let path = self.path(id);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        let file = fs::File::options().append(true).create(true).open(path);
        file.expect("open").write_all(text.as_ref()).expect("write");
    }

    fn set_transcripts(&mut self, keys: impl IntoIterator<Item = TranscriptKey>) -> bool {
        self.transcripts
            .set_transcripts(&keys.into_iter().collect())
    }

    fn scan_all(&mut self) -> Vec<Fact> {
        self.transcripts.scan_all()
    }
}

fn transcript_facts(facts: &[Fact]) -> Vec<&TranscriptFacts> {
    let told = facts.iter().filter_map(|fact| match fact {
        Fact::Transcript(_, transcript) => Some(&**transcript),
        _ => None,
    });
    told.collect()
}

fn last_prompt(facts: &[Fact]) -> Option<&str> {
    transcript_facts(facts)
        .first()?
        .prompt
        .as_ref()
        .map(|p| p.text.as_str())
}

fn problems(facts: &[Fact]) -> Vec<&str> {
    let told = facts.iter().filter_map(|fact| match fact {
        Fact::Health(_, problem) => Some(problem.as_deref().unwrap_or("works")),
        _ => None,
    });
    told.collect()
}

fn prompt(text: &str, second: u32) -> String {
    format!(
        "{{\"type\":\"user\",\"timestamp\":\"2026-11-22T19:00:{second:02}Z\",\"message\":{{\"content\":\"{text}\"}}}}\n"
    )
}

#[test]
fn it_is_told_when_it_appears_grows_and_goes() {
    let mut place = TranscriptSourceFixture::new();
    let key = place.session(SESSION_ID);
    assert!(place.set_transcripts([key.clone()]));
    assert!(!place.set_transcripts([key.clone()]), "known");
    assert_eq!(
        place.scan_all(),
        [Fact::TranscriptGone(key.clone())],
        "not made yet"
    );
    assert!(place.scan_all().is_empty(), "reported once");

    place.append(SESSION_ID, prompt("one", 1));
    assert_eq!(last_prompt(&place.scan_all()), Some("one"));
    assert!(place.scan_all().is_empty(), "reported once");
    let second = prompt("two", 2);
    let (half, rest) = second.split_at(40);
    place.append(SESSION_ID, half);
    assert!(place.scan_all().is_empty(), "half written");
    place.append(SESSION_ID, rest);
    assert_eq!(last_prompt(&place.scan_all()), Some("two"));
    place.append(SESSION_ID, "\0\0\u{1}\n\r\n");
    place.append(SESSION_ID, b"\xff\xfe{\n{\"type\":\"us");
    assert!(place.scan_all().is_empty(), "nothing new is said");
    place.append(
        SESSION_ID,
        format!("\n{}", prompt("three", 3).replace('\n', "\r\n")),
    );
    assert_eq!(last_prompt(&place.scan_all()), Some("three"));

    fs::remove_file(place.path(SESSION_ID)).expect("remove");
    assert_eq!(place.scan_all(), [Fact::TranscriptGone(key)]);
    place.append(SESSION_ID, prompt("four", 4));
    assert_eq!(last_prompt(&place.scan_all()), Some("four"));
}

#[test]
fn one_written_anew_says_nothing_of_before() {
    let mut place = TranscriptSourceFixture::new();
    place.set_transcripts([place.session(SESSION_ID)]);
    place.append(SESSION_ID, TURNS_SAMPLE);
    let facts = place.scan_all();
    assert!(transcript_facts(&facts)[0].error.is_some());
    fs::write(place.path(SESSION_ID), prompt("anew", 1)).expect("cut");
    let facts = place.scan_all();
    let told = transcript_facts(&facts)[0];
    assert_eq!((last_prompt(&facts), &told.error), (Some("anew"), &None));
    let other = place.path(OTHER_SESSION_ID);
    fs::write(&other, prompt("replaced", 0)).expect("other");
    fs::rename(other, place.path(SESSION_ID)).expect("replace");
    assert_eq!(last_prompt(&place.scan_all()), Some("replaced"));
}

#[test]
fn what_is_no_plain_file_is_told_and_healed() {
    let make: [fn(&Path); 3] = [
        |path| fs::create_dir(path).expect("folder"),
        |path| make_pipe(path),
        |path| symlink(path, path).expect("loop"),
    ];
    for make in make {
        let mut place = TranscriptSourceFixture::new();
        place.append(OTHER_SESSION_ID, "");
        make(&place.path(SESSION_ID));
        place.set_transcripts([place.session(SESSION_ID)]);
        let facts = place.scan_all();
        assert_eq!(problems(&facts), ["not a regular file"]);
        assert_eq!(facts.len(), 1, "nothing is known of it");
        assert!(place.scan_all().is_empty(), "reported once");
        let aside = place.path("aside");
        fs::rename(place.path(SESSION_ID), aside).expect("move");
        place.append(SESSION_ID, prompt("one", 1));
        let facts = place.scan_all();
        assert_eq!(
            (last_prompt(&facts), problems(&facts)),
            (Some("one"), vec!["works"])
        );
    }
}

#[test]
fn what_is_wrong_with_one_nobody_wants_is_forgotten() {
    let mut place = TranscriptSourceFixture::new();
    place.append(OTHER_SESSION_ID, "");
    fs::create_dir(place.path(SESSION_ID)).expect("folder");
    place.set_transcripts([place.session(SESSION_ID)]);
    assert_eq!(problems(&place.scan_all()).len(), 1);
    place.set_transcripts([]);
    assert_eq!(problems(&place.scan_all()), ["works"]);
}

#[test]
fn two_keys_may_name_one_session() {
    let mut place = TranscriptSourceFixture::new();
    let mut twin = place.session(SESSION_ID);
    twin.cwd = "/elsewhere".into();
    place.append(SESSION_ID, prompt("one", 1));
    place.set_transcripts([place.session(SESSION_ID), twin]);
    assert_eq!(transcript_facts(&place.scan_all()).len(), 2);
}

#[test]
fn the_newest_gives_way_to_a_newer() {
    let mut place = TranscriptSourceFixture::new();
    let since = Timestamp::from_millis(0);
    place.set_transcripts([
        place.key(TranscriptSelector::NewestSince(since)),
        place.session(OTHER_SESSION_ID),
    ]);
    place.append(SESSION_ID, prompt("ours", 1));
    place.append(OTHER_SESSION_ID, prompt("theirs", 2));
    let facts = place.scan_all();
    let told: Vec<_> = transcript_facts(&facts)
        .iter()
        .map(|t| t.prompt.clone().expect("asked").text)
        .collect();
    assert_eq!(told, ["theirs", "ours"]);
    let newer = "aaaaaaaa-87ce-4bab-8e05-b96f36a75887";
    place.append(newer, prompt("after a clear", 3));
    let later = clock::wall() + Duration::from_secs(1);
    let file = fs::File::options().append(true).open(place.path(newer));
    file.expect("open").set_modified(later).expect("date");
    let noticed = BTreeSet::from([place.path(newer)]);
    assert_eq!(
        last_prompt(&place.transcripts.read_changed_paths(&noticed)),
        Some("after a clear")
    );
}

#[test]
fn sub_agents_are_told_with_it() {
    let mut place = TranscriptSourceFixture::new();
    place.set_transcripts([place.session(SESSION_ID)]);
    place.append(SESSION_ID, prompt("delegate", 1));
    let folder = SubagentTracker::folder(&place.path(SESSION_ID));
    fs::create_dir_all(&folder).expect("folder");
    fs::write(folder.join("agent-a1.meta.json"), META_SAMPLE).expect("meta");
    fs::write(folder.join("agent-a1.jsonl"), "").expect("empty");
    let facts = place.scan_all();
    assert_eq!(transcript_facts(&facts)[0].delegations.len(), 1);
    let note = "<task-notification>\\n<task-id>a1</task-id>\\n<status>completed</status>";
    place.append(SESSION_ID, prompt(note, 2));
    let facts = place
        .transcripts
        .read_changed_paths(&BTreeSet::from([place.path(SESSION_ID)]));
    assert!(transcript_facts(&facts)[0].delegations.is_empty());
    fs::write(folder.join("agent-a1.jsonl"), AGENT_SAMPLE).expect("work");
    assert!(place.scan_all().is_empty(), "ended all the same");
}

/// A running transcript source.
struct SourceFixture {
    orders: watch::Sender<SourceConfig>,
    facts: mpsc::Receiver<Observation>,
    begun: std::time::Instant,
    task: tokio::task::JoinHandle<Shutdown>,
}

impl SourceFixture {
    fn start(system: System) -> Self {
        let orders = SourceConfig {
            wanted: SourceDemand::default(),
            cadence: cadence(UiVisibility::Hidden, FleetActivity::Still),
            nudge: 0,
        };
        let (orders, receive) = watch::channel(orders);
        let (send, facts) = mpsc::channel(64);
        let out = ObservationSender::new(Clock::start(), send);
        Self {
            orders,
            facts,
            begun: clock::instant(),
            task: tokio::spawn(run_transcript_source(
                TranscriptSource::new(FolderAccess::current()),
                SourceWatcher::with_system(Source::Transcript, system),
                receive,
                out,
            )),
        }
    }

    fn want(&self, keys: impl IntoIterator<Item = TranscriptKey>) {
        let keys = keys.into_iter().collect();
        self.orders
            .send_modify(|orders| orders.wanted.transcripts = keys);
    }

    async fn wait<T>(&mut self, mut wanted: impl FnMut(Fact) -> Option<T>) -> T {
        loop {
            let observation = self.facts.recv().await.expect("runs");
            if let Some(found) = wanted(observation.fact) {
                return found;
            }
        }
    }

    async fn asked(&mut self, text: &str) -> TranscriptFacts {
        self.wait(|fact| match fact {
            Fact::Transcript(_, told) => {
                let right = told.prompt.as_ref().is_some_and(|p| p.text == text);
                right.then_some(*told)
            }
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn changes_are_noticed_by_a_watch_on_each_folder() {
    expect_changes_noticed(System::Linux).await;
}

#[tokio::test]
async fn changes_are_noticed_by_one_watch_on_the_tree() {
    expect_changes_noticed(System::Mac).await;
}

async fn expect_changes_noticed(system: System) {
    let place = TranscriptSourceFixture::new();
    let mut running = SourceFixture::start(system);
    let key = place.session(SESSION_ID);
    running.want([key.clone()]);
    let gone = |fact| matches!(fact, Fact::TranscriptGone(_)).then_some(());
    running.wait(gone).await;
    // Neither the folder of the transcript nor its parent exists yet.
    place.append(SESSION_ID, prompt("one", 1));
    running.asked("one").await;
    for (second, text) in [(2, "two"), (3, "three"), (4, "four")] {
        place.append(SESSION_ID, prompt(text, second));
        running.asked(text).await;
    }

    let folder = SubagentTracker::folder(&place.path(SESSION_ID));
    fs::create_dir_all(&folder).expect("folder");
    let meta = folder.join("agent-a1.meta.json");
    fs::write(&meta, META_SAMPLE).expect("meta");
    let delegated = |wanted: usize| {
        move |fact| match fact {
            Fact::Transcript(_, told) if told.delegations.len() == wanted => Some(told),
            _ => None,
        }
    };
    running.wait(delegated(1)).await;
    let calling = AGENT_SAMPLE
        .lines()
        .position(|l| l.contains("tool_use\""))
        .expect("calls");
    let text: String = AGENT_SAMPLE
        .split_inclusive('\n')
        .take(calling + 1)
        .collect();
    fs::write(folder.join("agent-a1.jsonl"), text).expect("work");
    let calls = |fact| match fact {
        Fact::Transcript(_, told) => told.delegations.first()?.calls.first().cloned(),
        _ => None,
    };
    assert_eq!(running.wait(calls).await.tool, "Bash");
    fs::write(&meta, META_SAMPLE.replace('}', ",\"finished\":true}")).expect("meta");
    running.wait(delegated(0)).await;

    // `/clear` starts another file.
    running.want([place.session(OTHER_SESSION_ID)]);
    running.wait(gone).await;
    place.append(OTHER_SESSION_ID, prompt("cleared", 5));
    running.asked("cleared").await;
    fs::remove_dir_all(place.path(OTHER_SESSION_ID).parent().expect("folder")).expect("remove");
    running.wait(gone).await;
    place.append(OTHER_SESSION_ID, prompt("back", 6));
    running.asked("back").await;
    let cadence = cadence(UiVisibility::Hidden, FleetActivity::Still);
    assert!(running.begun.elapsed() < cadence.registry, "by events");
    running.task.abort();
}

#[tokio::test]
async fn a_flood_of_lines_ends_with_the_last() {
    let place = TranscriptSourceFixture::new();
    place.append(SESSION_ID, TURNS_SAMPLE);
    let mut running = SourceFixture::start(System::Linux);
    running.want([place.session(SESSION_ID)]);
    let ended = |fact| match fact {
        Fact::Transcript(_, told) => told.end.filter(|e| e.how == TurnEndKind::Compacted),
        _ => None,
    };
    running.wait(ended).await;
    for n in 0..5_000 {
        place.append(
            SESSION_ID,
            prompt(&format!("p{n}"), 59).replace("19:00", "20:00"),
        );
        tokio::task::yield_now().await;
    }
    place.append(SESSION_ID, prompt("last", 0).replace("19:00", "21:00"));
    running.asked("last").await;
    running.task.abort();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_cuts_between_looks_do_not_matter(cuts in prop::collection::vec(0..TURNS_SAMPLE.len(), 0..12)) {
        let mut whole = TranscriptSourceFixture::new();
        whole.set_transcripts([whole.session(SESSION_ID)]);
        whole.append(SESSION_ID, TURNS_SAMPLE);
        let facts = whole.scan_all();
        let mut cuts = cuts;
        cuts.extend([0, TURNS_SAMPLE.len()]);
        cuts.sort_unstable();
        let mut parts = TranscriptSourceFixture::new();
        parts.set_transcripts([parts.session(SESSION_ID)]);
        let mut last = None;
        for cut in cuts.windows(2) {
            parts.append(SESSION_ID, &TURNS_SAMPLE.as_bytes()[cut[0]..cut[1]]);
            let facts = parts.scan_all();
            last = transcript_facts(&facts).last().map(|t| (*t).clone()).or(last);
        }
        prop_assert_eq!(transcript_facts(&facts).first().copied(), last.as_ref());
    }
}
