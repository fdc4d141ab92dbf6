//! Many pauses of several sessions at once, in random order.

use crate::cell::{ClientState, Kind, MatrixCell};
use crate::stage::MatrixFixture;
use trusty_tests::TerminalShape;

/// Pauses and resumes in all.
const CYCLE_COUNT: usize = 200;

/// A sequence of numbers that is the same in each run (xorshift).
struct RandomSequence(u64);

impl RandomSequence {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).expect("small")
    }
}

/// 200 random pauses and resumes of five sessions, after which all are as without any pause.
pub(crate) fn pass() {
    let shapes = [
        (TerminalShape::TmuxBash, Kind::Suspend),
        (TerminalShape::TmuxZsh, Kind::Suspend),
        (TerminalShape::PtyBash, Kind::Stop),
        (TerminalShape::PtyZsh, Kind::Stop),
        (TerminalShape::PtyDirect, Kind::Stop),
    ];
    let stages = shapes.map(|(shape, kind)| {
        MatrixFixture::open(MatrixCell {
            shape,
            kind,
            state: ClientState::Streaming,
        })
    });
    let mut paused = [false; 5];
    let mut turns = [0; 5];
    let mut dice = RandomSequence(0x5eed_cafe);
    let mut done = 0;
    while done < CYCLE_COUNT {
        let at = dice.below(5);
        let stage = &stages[at];
        if paused[at] {
            stage.resume();
            done += 1;
        } else {
            if dice.below(3) == 0 {
                let prompt = format!("say turn {}", turns[at]);
                stage.terminal.submit(&prompt);
                turns[at] += 1;
            }
            stage.pause();
        }
        paused[at] = !paused[at];
    }
    for (at, stage) in stages.iter().enumerate() {
        if paused[at] {
            stage.resume();
        }
        for turn in 0..turns[at] {
            let prompt = format!("say turn {turn}");
            stage.wait_answered(&prompt);
        }
        stage.is_sound();
    }
}
