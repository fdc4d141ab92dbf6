//! The system and its versions.

use super::mac::{FACT_TIMEOUT, run_program};
use crate::format::ReportedMachine;
use std::fs;
use std::time::Duration;
use trusty_fleet::System;
use trusty_fleet::identity::MachineIdentity;

/// Describes the machine. A version that cannot be read is left out.
pub(super) async fn describe_machine(
    system: System,
    identity: MachineIdentity,
    uptime: Duration,
) -> ReportedMachine {
    let MachineIdentity {
        boot,
        uid,
        host: _,
        pid_namespace,
    } = identity;
    let mut machine = ReportedMachine {
        system,
        release: None,
        build: None,
        kernel: None,
        architecture: Some(std::env::consts::ARCH.to_owned()),
        uid,
        boot,
        uptime_millis: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
        pid_namespace,
    };
    match system {
        System::Linux => {
            let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
            machine.release = os_release_name(&release);
            let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
            machine.kernel = kernel.map(|kernel| kernel.trim().to_owned());
        }
        System::Mac => {
            let versions = run_program("/usr/bin/sw_vers", &[], FACT_TIMEOUT).await;
            let versions = versions.unwrap_or_default();
            let field = |name: &str| versions.lines().find_map(|line| field_value(line, name));
            let product = field("ProductVersion");
            machine.release = product.map(|version| format!("macOS {version}"));
            machine.build = field("BuildVersion").map(str::to_owned);
            let kernel = run_program("/usr/bin/uname", &["-r"], FACT_TIMEOUT).await;
            machine.kernel = kernel.ok().map(|kernel| kernel.trim().to_owned());
        }
    }
    machine
}

/// The value of a line such as `ProductVersion:\t\t15.7.2`.
fn field_value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (field, value) = line.split_once(':')?;
    (field.trim() == name).then_some(value.trim())
}

/// The name and version of a Linux distribution.
fn os_release_name(text: &str) -> Option<String> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    line.map(|value| value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_each_system_prints() {
        let printed = "ProductName:\t\tmacOS\nProductVersion:\t\t15.7.2\nBuildVersion:\t\t24G325\n";
        let build = printed.lines().find_map(|l| field_value(l, "BuildVersion"));
        assert_eq!(build, Some("24G325"));
        let told = os_release_name("NAME=\"x\"\nPRETTY_NAME=\"Debian GNU/Linux 13\"\n");
        assert_eq!(told.as_deref(), Some("Debian GNU/Linux 13"));
    }
}
