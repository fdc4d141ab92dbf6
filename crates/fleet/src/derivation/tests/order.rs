//! Neither the order in which facts arrive nor their repetition changes a snapshot.

use super::content::{call, end, hook, said, screen, transcript};
use super::pauses::paused_record;
use super::requests::{asked, over};
use super::*;
use crate::observation::{
    ActionProgress, ControlPreferences, HealthKey, HookEventKind, HookInstall, ListedSession,
    ScreenContent, TurnEndKind,
};
use crate::pause::PausePhase;
use crate::request::HookOutcome;
use crate::session::{ActionKind, Source};
use proptest::prelude::*;

fn socket() -> PathBuf {
    PathBuf::from("/tmp/tmux-1000/default")
}

/// A history with facts of every source, some in doubt, some of an earlier process with the pid.
fn story() -> Vec<(i64, Fact)> {
    let mut reused = process(1, 9);
    reused.started_at = at(29_000);
    let ask = |tool: &str| HookEventKind::PermissionAsked {
        tool: tool.into(),
        detail: None,
    };
    let listed = ListedSession {
        pid: 1,
        status: Some("busy".into()),
        ..ListedSession::default()
    };
    vec![
        alive(100, 1),
        (150, Fact::RegistryKey(file(1))),
        says(300, 1, "", ""),
        says(600, 1, "idle", ""),
        (700, Fact::Hook(Box::new(hook(HookEventKind::Prompted)))),
        says(2_000, 1, "busy", ""),
        (2_500, Fact::Panes(socket(), vec![pane(1, "work", 1)])),
        transcript(2_600, said(2_000, vec![call(2_400, "Bash", "make")], None)),
        (3_900, Fact::Hook(Box::new(hook(ask("Bash"))))),
        says(4_000, 1, "waiting", "permission prompt"),
        pulse(5_000, 1, RunState::Stopped(StopSignal::Program)),
        pulse(6_000, 1, RunState::Running),
        (
            6_200,
            Fact::Hook(Box::new(hook(HookEventKind::ToolEnded {
                id: "Bash".into(),
            }))),
        ),
        says(6_500, 1, "busy", ""),
        transcript(
            7_000,
            said(2_000, vec![], end(6_900, TurnEndKind::Finished)),
        ),
        says(7_100, 1, "idle", ""),
        (8_000, Fact::Attention(FocusEvent::Popover)),
        (9_000, Fact::WallClock(3_600_000_000_000)),
        says(10_000, 1, "dozing", ""),
        (10_500, screen(ScreenContent::Busy)),
        (
            11_000,
            Fact::Listed("/home/dev/.claude".into(), vec![listed]),
        ),
        (12_000, screen(ScreenContent::Idle)),
        (13_000, Fact::Panes(socket(), vec![pane(1, "work", 0)])),
        (
            14_000,
            Fact::Health(
                HealthKey {
                    source: Source::Tmux,
                    subject: "x".into(),
                },
                Some("hangs".into()),
            ),
        ),
        (14_000, paused_record(PausePhase::Pausing)),
        (14_100, paused_record(PausePhase::Paused)),
        (14_150, Fact::Gates(id(1, 7), vec![])),
        (14_200, Fact::PauseGone(id(1, 7))),
        (
            14_300,
            Fact::ActionProgress(id(1, 7), ActionProgress::Begun(ActionKind::Resume)),
        ),
        (
            14_400,
            Fact::ActionProgress(id(1, 7), ActionProgress::Done(ActionKind::Resume)),
        ),
        (
            14_500,
            Fact::HookInstall("/home/dev/.claude".into(), HookInstall::Connected),
        ),
        (14_600, Fact::Preferences(ControlPreferences::default())),
        (15_000, Fact::RegistryGone(file(1))),
        (15_500, Fact::ProcessAbsent(1)),
        (16_000, Fact::ProcessExited(key(1, 7))),
        (29_100, Fact::Process(Box::new(reused))),
        (29_200, says(0, 1, "busy", "").1),
        asked(3_950, "main", None),
        asked(4_100, "helper", Some("a1")),
        over(4_200, "main", HookOutcome::Answered),
        over(4_250, "main", HookOutcome::HungUp),
    ]
}

const SNAPSHOT_TIMES_MS: [i64; 11] = [
    700, 2_700, 4_500, 5_500, 6_600, 7_600, 10_600, 13_500, 14_120, 14_350, 29_300,
];

fn seen(fleet: &Fleet) -> Vec<Snapshot> {
    SNAPSHOT_TIMES_MS
        .iter()
        .map(|ms| fleet.snapshot(at(*ms)))
        .collect()
}

/// Calls `see` with all orders of `items`, by Heap's algorithm.
fn each_order(items: &mut [usize], see: &mut impl FnMut(&[usize])) {
    fn heap(items: &mut [usize], left: usize, see: &mut impl FnMut(&[usize])) {
        if left <= 1 {
            return see(items);
        }
        for n in 0..left {
            heap(items, left - 1, see);
            let other = if left.is_multiple_of(2) { n } else { 0 };
            if n + 1 < left {
                items.swap(other, left - 1);
            }
        }
    }
    heap(items, items.len(), see);
}

/// 8! orders of each of five chapters, each fact filed twice: 201,600 orders.
#[test]
fn every_order_of_a_chapter_gives_one_snapshot() {
    let story = story();
    let chapters: [[usize; 8]; 5] = [
        [0, 4, 5, 7, 8, 9, 12, 13],
        [0, 5, 10, 11, 14, 15, 16, 17],
        [0, 6, 18, 19, 21, 32, 34, 35],
        [0, 10, 24, 25, 26, 27, 28, 29],
        [0, 5, 8, 9, 37, 38, 39, 40],
    ];
    let mut orders = 0;
    for chapter in chapters {
        let tell = |order: &[usize]| {
            let twice = order.iter().chain(order.iter().rev());
            fleet(twice.map(|n| story[*n].clone()).collect())
        };
        let straight = tell(&chapter);
        let expected = seen(&straight);
        let mut items = chapter;
        each_order(&mut items, &mut |order| {
            orders += 1;
            let mixed = tell(order);
            assert_eq!(mixed.evidence, straight.evidence, "{order:?}");
            if orders % 97 == 0 {
                assert_eq!(seen(&mixed), expected, "{order:?}");
            }
        });
    }
    assert_eq!(orders, 201_600);
}

proptest! {
    #[test]
    fn any_order_of_a_whole_life_gives_one_snapshot(
        order in Just((0..41).chain(0..41).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let story = story();
        prop_assert_eq!(story.len(), 41);
        let mixed = fleet(order.into_iter().map(|n| story[n].clone()).collect());
        prop_assert_eq!(seen(&mixed), seen(&fleet(story)));
    }
}
