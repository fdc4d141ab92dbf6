//! Redacts pause records, gates and hook marks.

use super::RecordingRedactor;
use trusty_fleet::observation::{HookMarks, PaneKey};
use trusty_fleet::pause::{Gate, MovedProcess, PauseMethod, PauseRecord};

impl RecordingRedactor {
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

    fn means(&self, means: PauseMethod) -> PauseMethod {
        match means {
            PauseMethod::Freeze {
                group,
                moved,
                keeper,
            } => {
                let moved = moved
                    .into_iter()
                    .map(|MovedProcess { process, from }| MovedProcess {
                        process,
                        from: self.path(&from),
                    });
                PauseMethod::Freeze {
                    group: self.path(&group),
                    moved: moved.collect(),
                    keeper,
                }
            }
            PauseMethod::Stop {
                shells,
                group,
                tools,
            } => PauseMethod::Stop {
                shells,
                group,
                tools,
            },
            PauseMethod::Suspend {
                pane,
                shell,
                settings,
                cursor,
                line,
            } => PauseMethod::Suspend {
                pane: self.pane_key(pane),
                shell,
                settings,
                cursor,
                line: line.map(|line| self.text(line)),
            },
            PauseMethod::Hold => PauseMethod::Hold,
            PauseMethod::Interrupt { pane } => PauseMethod::Interrupt {
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

/// The texts of a gate are names of events, tools and sub-agents, in Claude Code's words.
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
