//! The structures of `proc_pidinfo`, by offset: `proc_bsdinfo`, `proc_bsdshortinfo` and
//! `proc_taskinfo` of xnu's `bsd/sys/proc_info.h`. All Macs are little-endian.

use crate::process_stat::{ProcessStat, ProcessUsage};
use std::time::Duration;
use trusty_fleet::identity::StartTime;

/// The size of `struct proc_bsdinfo`.
pub const BSD_INFO_BYTES: usize = 136;
/// The size of `struct proc_bsdshortinfo`.
pub const SHORT_INFO_BYTES: usize = 64;
/// The size of `struct proc_taskinfo`.
pub const TASK_INFO_BYTES: usize = 96;

/// `sys/proc.h`: stopped by a signal, or by a debugger.
const STATUS_STOPPED: u32 = 4;
/// `sys/proc.h`: ended, and not yet collected by its parent.
const STATUS_ZOMBIE: u32 = 5;
/// `sys/proc_info.h`: the process is under a debugger.
const FLAG_TRACED: u32 = 2;
/// `NODEV`, the device number of no terminal.
const NO_DEVICE: u32 = u32::MAX;

/// The offsets of the fields that are read.
pub mod offsets {
    /// `pbi_flags`.
    pub const PROCESS_FLAGS: usize = 0;
    /// `pbi_status`.
    pub const PROCESS_STATUS: usize = 4;
    /// `pbi_xstatus`: for a stopped process, the signal that stopped it.
    pub const STOP_SIGNAL: usize = 8;
    /// `pbi_ppid`.
    pub const PARENT_PID: usize = 16;
    /// `pbi_uid`.
    pub const USER_ID: usize = 20;
    /// `pbi_comm`, 16 bytes.
    pub const SHORT_NAME: usize = 48;
    /// `pbi_name`, 32 bytes.
    pub const LONG_NAME: usize = 64;
    /// `pbi_pgid`.
    pub const GROUP_ID: usize = 100;
    /// `e_tdev`.
    pub const TERMINAL_DEVICE: usize = 108;
    /// `e_tpgid`.
    pub const FOREGROUND_GROUP: usize = 112;
    /// `pbi_start_tvsec`, 8 bytes.
    pub const START_SECONDS: usize = 120;
    /// `pbi_start_tvusec`, 8 bytes.
    pub const START_MICROS: usize = 128;

    /// `pbsi_ppid`.
    pub const SHORT_PARENT_PID: usize = 4;
    /// `pbsi_pgid`.
    pub const SHORT_GROUP_ID: usize = 8;
    /// `pbsi_status`.
    pub const SHORT_STATUS: usize = 12;
    /// `pbsi_comm`, 16 bytes.
    pub const SHORT_COMM: usize = 16;
    /// `pbsi_flags`.
    pub const SHORT_FLAGS: usize = 32;
    /// `pbsi_uid`.
    pub const SHORT_USER_ID: usize = 36;

    /// `pti_resident_size`, 8 bytes.
    pub const RESIDENT_BYTES: usize = 8;
    /// `pti_total_user`, 8 bytes, in units of the Mach clock.
    pub const USER_TIME: usize = 16;
    /// `pti_total_system`, 8 bytes, in units of the Mach clock.
    pub const SYSTEM_TIME: usize = 24;
}

/// The size of `pbi_comm` and `pbsi_comm`.
const SHORT_NAME_BYTES: usize = 16;
/// The size of `pbi_name`.
const LONG_NAME_BYTES: usize = 32;

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let (four, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
    Some(u32::from_le_bytes(*four))
}

fn long_number(bytes: &[u8], at: usize) -> Option<u64> {
    let (eight, _) = bytes.get(at..)?.split_first_chunk::<8>()?;
    Some(u64::from_le_bytes(*eight))
}

/// A name of at most `size` bytes, which ends at its first NUL.
fn name(bytes: &[u8], at: usize, size: usize) -> Option<String> {
    let field = bytes.get(at..at.checked_add(size)?)?;
    let name = field.split(|b| *b == 0).next()?;
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
}

/// The state of a process from a `proc_bsdinfo`; none if bytes are missing. `session` is the
/// answer of getsid(2), which the structure lacks.
pub fn decode_bsd_info(bytes: &[u8], session: u32) -> Option<ProcessStat> {
    let at = |offset| number(bytes, offset);
    let status = at(offsets::PROCESS_STATUS)?;
    let micros = long_number(bytes, offsets::START_SECONDS)?
        .saturating_mul(1_000_000)
        .saturating_add(long_number(bytes, offsets::START_MICROS)?);
    let device = at(offsets::TERMINAL_DEVICE)?;
    Some(ProcessStat {
        start: StartTime(micros),
        parent: at(offsets::PARENT_PID)?,
        group: at(offsets::GROUP_ID)?,
        session,
        foreground: at(offsets::FOREGROUND_GROUP)?,
        uid: at(offsets::USER_ID)?,
        stopped: is_stopped(status, at(offsets::PROCESS_FLAGS)?)
            .then_some(at(offsets::STOP_SIGNAL)?),
        zombie: status == STATUS_ZOMBIE,
        terminal: if device == NO_DEVICE {
            0
        } else {
            u64::from(device)
        },
    })
}

/// The name of a process from a `proc_bsdinfo`; none if bytes are missing or the name is empty.
pub fn decode_name(bytes: &[u8]) -> Option<String> {
    name(bytes, offsets::LONG_NAME, LONG_NAME_BYTES)
        .or_else(|| name(bytes, offsets::SHORT_NAME, SHORT_NAME_BYTES))
}

/// The state of another user's process from a `proc_bsdshortinfo`, without start time, terminal and
/// stop signal (0); none if bytes are missing.
pub fn decode_short_info(bytes: &[u8], session: u32) -> Option<ProcessStat> {
    let at = |offset| number(bytes, offset);
    let status = at(offsets::SHORT_STATUS)?;
    Some(ProcessStat {
        start: StartTime(0),
        parent: at(offsets::SHORT_PARENT_PID)?,
        group: at(offsets::SHORT_GROUP_ID)?,
        session,
        foreground: 0,
        uid: at(offsets::SHORT_USER_ID)?,
        stopped: is_stopped(status, at(offsets::SHORT_FLAGS)?).then_some(0),
        zombie: status == STATUS_ZOMBIE,
        terminal: 0,
    })
}

/// The name of a process from a `proc_bsdshortinfo`.
pub fn decode_short_name(bytes: &[u8]) -> Option<String> {
    name(bytes, offsets::SHORT_COMM, SHORT_NAME_BYTES)
}

/// A process that a debugger holds is not stopped by a signal.
fn is_stopped(status: u32, flags: u32) -> bool {
    status == STATUS_STOPPED && flags & FLAG_TRACED == 0
}

/// The length of one unit of the Mach clock, `numerator / denominator` nanoseconds: 1/1 on Intel,
/// 125/3 on Apple silicon (`mach_timebase_info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachTimebase {
    /// The numerator.
    pub numerator: u32,
    /// The denominator; 0 counts as 1.
    pub denominator: u32,
}

impl MachTimebase {
    fn duration(self, units: u64) -> Duration {
        let nanos = u128::from(units) * u128::from(self.numerator);
        let nanos = nanos / u128::from(self.denominator.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What a process uses, from a `proc_taskinfo`; none if bytes are missing.
pub fn decode_task_info(bytes: &[u8], timebase: MachTimebase) -> Option<ProcessUsage> {
    let user = long_number(bytes, offsets::USER_TIME)?;
    let system = long_number(bytes, offsets::SYSTEM_TIME)?;
    Some(ProcessUsage {
        cpu_time: timebase.duration(user.saturating_add(system)),
        resident_bytes: long_number(bytes, offsets::RESIDENT_BYTES)?,
    })
}

#[cfg(test)]
mod tests;
