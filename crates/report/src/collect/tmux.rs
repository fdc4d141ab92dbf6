//! The tmux servers and their panes.

use super::processes::ProcessCollector;
use super::text;
use crate::format::ReportedServer;
use std::collections::BTreeSet;
use trusty_platform::tmux;
use trusty_records::settings::Settings;
use trusty_sources::process::DiscoveryReader;
use trusty_sources::tmux::{PANE_FORMAT, TmuxSource, decode};
use trusty_wire::environment::Environment;

/// Asks all servers to which this environment and the collected processes lead. Returns the servers
/// and the processes that run in their panes.
pub(super) async fn read_servers<K: DiscoveryReader>(
    env: &Environment,
    settings: &Settings,
    uid: u32,
    collector: &ProcessCollector<'_, K>,
) -> (Vec<ReportedServer>, BTreeSet<u32>) {
    let mut source = TmuxSource::new(env, uid, settings.confinement);
    source.set_named_servers(collector.tmux_sockets());
    let (sockets, refused) = source.sockets();
    let mut servers = Vec::new();
    let mut panes = BTreeSet::new();
    for socket in sockets {
        let search = source.program_for(&socket);
        let mut server = ReportedServer {
            socket: text(&socket),
            program: search.program.as_deref().map(text),
            ..ReportedServer::default()
        };
        match &search.program {
            None => server.problem = Some("tmux was not found in the search path".to_owned()),
            Some(program) => match tmux::list_panes(program, &socket, PANE_FORMAT).await {
                Ok(bytes) => {
                    panes.extend(decode(&bytes).iter().map(|pane| pane.pid));
                    let lines = String::from_utf8_lossy(&bytes);
                    server.panes = lines.lines().map(str::to_owned).collect();
                }
                Err(e) => server.problem = Some(e.to_string()),
            },
        }
        servers.push(server);
    }
    servers.extend(refused.into_iter().map(|(path, why)| ReportedServer {
        socket: text(&path),
        problem: Some(why),
        ..ReportedServer::default()
    }));
    (servers, panes)
}
