//! Whether a process can run, and what stopped it.

use trusty_fleet::System;
use trusty_fleet::observation::{RunState, StopSignal};
use trusty_platform::process_reader::ProcessReader;
use trusty_platform::sys::ProcessStat;

/// SIGSTOP, SIGTSTP, SIGTTIN and SIGTTOU of Linux (`asm-generic/signal.h`).
const LINUX_STOP_SIGNALS: [u32; 4] = [19, 20, 21, 22];
/// The same of macOS (`sys/signal.h`).
const MAC_STOP_SIGNALS: [u32; 4] = [17, 18, 21, 22];

/// The state of a process of this machine.
pub(super) fn run_state(kernel: &impl ProcessReader, pid: u32, stat: &ProcessStat) -> RunState {
    if let Some(signal) = stat.stopped {
        RunState::Stopped(stop_signal(kernel.system(), signal))
    } else if kernel.is_frozen(pid) {
        RunState::Frozen
    } else {
        RunState::Running
    }
}

/// The signal with a number of this system.
fn stop_signal(system: System, number: u32) -> StopSignal {
    let [stop, keyboard, input, output] = match system {
        System::Linux => LINUX_STOP_SIGNALS,
        System::Mac => MAC_STOP_SIGNALS,
    };
    if number == keyboard {
        StopSignal::Keyboard
    } else if number == stop {
        StopSignal::Program
    } else if number == input || number == output {
        StopSignal::Terminal
    } else {
        StopSignal::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::Signal;
    use trusty_platform::sys::CURRENT_SYSTEM;

    #[test]
    fn the_numbers_of_signals_are_those_of_the_system_of_the_process() {
        for (system, number, expected) in [
            (System::Linux, 19, StopSignal::Program),
            (System::Linux, 20, StopSignal::Keyboard),
            (System::Linux, 17, StopSignal::Unknown),
            (System::Mac, 17, StopSignal::Program),
            (System::Mac, 18, StopSignal::Keyboard),
            (System::Mac, 19, StopSignal::Unknown),
            (System::Mac, 21, StopSignal::Terminal),
            (System::Linux, 22, StopSignal::Terminal),
            (System::Mac, 0, StopSignal::Unknown),
        ] {
            assert_eq!(stop_signal(system, number), expected, "{system:?} {number}");
        }
    }

    #[test]
    fn the_numbers_of_this_system_are_those_of_its_headers() {
        for (signal, expected) in [
            (Signal::STOP, StopSignal::Program),
            (Signal::TSTP, StopSignal::Keyboard),
            (Signal::TTIN, StopSignal::Terminal),
            (Signal::TTOU, StopSignal::Terminal),
        ] {
            let number = u32::try_from(signal.as_raw()).expect("positive");
            assert_eq!(stop_signal(CURRENT_SYSTEM, number), expected);
        }
    }
}
