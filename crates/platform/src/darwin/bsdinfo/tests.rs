use super::*;
use proptest::prelude::*;

/// One field of a structure of xnu's `proc_info.h`, in the order of the header.
enum HeaderField {
    /// `uint32_t` or `int32_t`.
    Word(u32),
    /// `uint64_t`.
    Long(u64),
    /// `char[n]`.
    Text(&'static str, usize),
}

/// Lays fields out as C does: each at a multiple of its size.
fn lay_out(fields: &[HeaderField]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        match field {
            HeaderField::Word(value) => {
                bytes.resize(bytes.len().next_multiple_of(4), 0);
                bytes.extend(value.to_le_bytes());
            }
            HeaderField::Long(value) => {
                bytes.resize(bytes.len().next_multiple_of(8), 0);
                bytes.extend(value.to_le_bytes());
            }
            HeaderField::Text(text, size) => {
                let mut field = text.as_bytes().to_vec();
                field.resize(*size, 0);
                bytes.extend(field);
            }
        }
    }
    bytes
}

/// `struct proc_bsdinfo` as the header lists its members, of a client in Terminal.
fn bsd_info(status: u32, flags: u32, device: u32) -> Vec<u8> {
    use HeaderField::{Long, Text, Word};
    lay_out(&[
        Word(flags),
        Word(status),
        Word(18),   // pbi_xstatus: SIGTSTP
        Word(4711), // pbi_pid
        Word(4700), // pbi_ppid
        Word(501),  // pbi_uid
        Word(20),   // pbi_gid
        Word(502),  // pbi_ruid
        Word(20),   // pbi_rgid
        Word(503),  // pbi_svuid
        Word(20),   // pbi_svgid
        Word(0),    // rfu_1
        Text("claude", 16),
        Text("claude-with-a-long-name", 32),
        Word(33),   // pbi_nfiles
        Word(4712), // pbi_pgid
        Word(1),    // pbi_pjobc
        Word(device),
        Word(4713), // e_tpgid
        Word(0),    // pbi_nice
        Long(1_789_313_956),
        Long(123_456),
    ])
}

fn short_info(status: u32, flags: u32) -> Vec<u8> {
    use HeaderField::{Text, Word};
    lay_out(&[
        Word(600), // pbsi_pid
        Word(590), // pbsi_ppid
        Word(601), // pbsi_pgid
        Word(status),
        Text("login", 16),
        Word(flags),
        Word(0),   // pbsi_uid
        Word(20),  // pbsi_gid
        Word(501), // pbsi_ruid
        Word(20),  // pbsi_rgid
        Word(0),   // pbsi_svuid
        Word(0),   // pbsi_svgid
        Word(0),   // pbsi_rfu
    ])
}

#[test]
fn a_process_is_read_from_the_members_of_xnu_s_header() {
    let bytes = bsd_info(2, 0, 0x1000_0003);
    assert_eq!(bytes.len(), BSD_INFO_BYTES);
    let expected = ProcessStat {
        start: StartTime(1_789_313_956_123_456),
        parent: 4700,
        group: 4712,
        session: 4690,
        foreground: 4713,
        uid: 501,
        stopped: None,
        zombie: false,
        terminal: 0x1000_0003,
    };
    assert_eq!(decode_bsd_info(&bytes, 4690), Some(expected));
    assert_eq!(
        decode_name(&bytes).as_deref(),
        Some("claude-with-a-long-name")
    );
}

#[test]
fn a_process_without_a_terminal_has_no_device() {
    let stat = decode_bsd_info(&bsd_info(2, 0, u32::MAX), 1).expect("whole");
    assert_eq!(stat.terminal, 0);
}

#[test]
fn a_stop_names_its_signal_unless_a_debugger_holds_the_process() {
    let stopped = |status, flags| {
        decode_bsd_info(&bsd_info(status, flags, 0), 1)
            .expect("whole")
            .stopped
    };
    assert_eq!(stopped(STATUS_STOPPED, 0), Some(18));
    assert_eq!(stopped(STATUS_STOPPED, FLAG_TRACED), None);
    assert_eq!(stopped(2, 0), None, "running");
}

#[test]
fn a_zombie_is_known() {
    let stat = decode_bsd_info(&bsd_info(STATUS_ZOMBIE, 0, 0), 1).expect("whole");
    assert!(stat.zombie);
}

#[test]
fn a_process_of_root_is_read_from_the_short_structure() {
    let bytes = short_info(3, 0);
    assert_eq!(bytes.len(), SHORT_INFO_BYTES);
    let stat = decode_short_info(&bytes, 590).expect("whole");
    assert_eq!((stat.parent, stat.group, stat.uid), (590, 601, 0));
    assert_eq!((stat.start, stat.terminal), (StartTime(0), 0));
    assert_eq!(decode_short_name(&bytes).as_deref(), Some("login"));
    let stopped = decode_short_info(&short_info(STATUS_STOPPED, 0), 1).expect("whole");
    assert_eq!(stopped.stopped, Some(0), "stopped, by an unknown signal");
}

#[test]
fn processor_time_is_counted_in_units_of_the_mach_clock() {
    use HeaderField::{Long, Word};
    let mut fields = vec![
        Long(1 << 40),    // pti_virtual_size
        Long(300 << 20),  // pti_resident_size
        Long(24_000_000), // pti_total_user: one second on Apple silicon
        Long(12_000_000), // pti_total_system
        Long(7),
        Long(7),
    ];
    fields.extend((0..12).map(|_| Word(1)));
    let bytes = lay_out(&fields);
    assert_eq!(bytes.len(), TASK_INFO_BYTES);
    let apple_silicon = MachTimebase {
        numerator: 125,
        denominator: 3,
    };
    let usage = decode_task_info(&bytes, apple_silicon).expect("whole");
    assert_eq!(usage.cpu_time, Duration::from_millis(1500));
    assert_eq!(usage.resident_bytes, 300 << 20);
    let intel = MachTimebase {
        numerator: 1,
        denominator: 1,
    };
    let usage = decode_task_info(&bytes, intel).expect("whole");
    assert_eq!(usage.cpu_time, Duration::from_millis(36));
}

proptest! {
    #[test]
    fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..160), cut in 0_usize..160) {
        let timebase = MachTimebase { numerator: u32::MAX, denominator: 0 };
        for bytes in [&bytes[..], &bytes[..cut.min(bytes.len())]] {
            let whole = bytes.len() >= BSD_INFO_BYTES;
            prop_assert_eq!(decode_bsd_info(bytes, 1).is_some(), whole);
            prop_assert_eq!(decode_short_info(bytes, 1).is_some(), bytes.len() >= 40);
            prop_assert_eq!(decode_task_info(bytes, timebase).is_some(), bytes.len() >= 32);
            let _ = (decode_name(bytes), decode_short_name(bytes));
        }
    }
}
