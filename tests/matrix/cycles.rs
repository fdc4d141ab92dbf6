//! Many pauses of several sessions at once, in random order.

use crate::cell::{Cell, Kind, State};
use crate::stage::{LONG, Stage};
use trusty_tests::Kind as Api;
use trusty_tests::Shape;

/// Pauses and resumes in all.
const CYCLES: usize = 200;

/// A sequence of numbers that is the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).expect("small")
    }
}

/// 200 random pauses and resumes of five sessions, after which all are as if nothing had happened.
pub(crate) fn pass() {
    let shapes = [
        (Shape::TmuxBash, Kind::Suspend),
        (Shape::TmuxZsh, Kind::Suspend),
        (Shape::PtyBash, Kind::Stop),
        (Shape::PtyZsh, Kind::Stop),
        (Shape::PtyDirect, Kind::Stop),
    ];
    let stages = shapes.map(|(shape, kind)| {
        Stage::open(Cell {
            shape,
            kind,
            state: State::Streaming,
        })
    });
    let mut paused = [false; 5];
    let mut turns = [0; 5];
    let mut dice = Dice(0x5eed_cafe);
    let mut done = 0;
    while done < CYCLES {
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
            stage.api.wait_for(LONG, &prompt, Api::MessageStop);
        }
        stage.is_sound();
    }
}
