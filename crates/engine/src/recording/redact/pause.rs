//! Redaction of pauses and of what holds sessions.

use super::Redaction;
use trusty_fleet::observation::{HookMarks, PaneKey};
use trusty_fleet::pause::{Gate, Means, Moved, PauseRecord};

impl Redaction {
    pub(super) fn pause(&self, record: PauseRecord) -> PauseRecord {
        let PauseRecord {
            version,
            session,
            boot,
            domain,
            client,
            phase,
            since,
            by,
            summary,
            at_work,
            tty,
            means,
        } = record;
        PauseRecord {
            version,
            session,
            boot,
            domain: domain.map(|domain| self.domain(domain)),
            client,
            phase,
            since,
            by,
            summary: self.text(summary),
            at_work,
            tty: tty.map(|tty| self.path(&tty)),
            means: self.means(means),
        }
    }

    fn means(&self, means: Means) -> Means {
        match means {
            Means::Freeze {
                group,
                moved,
                keeper,
            } => {
                let moved = moved.into_iter().map(|Moved { process, from }| Moved {
                    process,
                    from: self.path(&from),
                });
                Means::Freeze {
                    group: self.path(&group),
                    moved: moved.collect(),
                    keeper,
                }
            }
            Means::Stop {
                shells,
                group,
                tools,
            } => Means::Stop {
                shells,
                group,
                tools,
            },
            Means::Suspend {
                pane,
                shell,
                settings,
                cursor,
                line,
            } => Means::Suspend {
                pane: self.pane_key(pane),
                shell,
                settings,
                cursor,
                line: line.map(|line| self.text(line)),
            },
            Means::Hold => Means::Hold,
            Means::Interrupt { pane } => Means::Interrupt {
                pane: self.pane_key(pane),
            },
        }
    }

    pub(super) fn pane_key(&self, PaneKey { server, pane }: PaneKey) -> PaneKey {
        PaneKey {
            server: self.path(&server),
            pane,
        }
    }
}

/// A gate names tools and sub-agents, as the client does.
pub(super) fn gate(gate: Gate) -> Gate {
    let Gate {
        process,
        event,
        agent,
        tool,
        since,
    } = gate;
    Gate {
        process,
        event,
        agent,
        tool,
        since,
    }
}

pub(super) fn hook_marks(marks: HookMarks) -> HookMarks {
    let HookMarks { since, sessions } = marks;
    HookMarks { since, sessions }
}
