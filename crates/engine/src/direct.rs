//! An action in this process, where no engine can be asked: one scan, the same plan, the same
//! locks and records.

use crate::scan;
use trusty_actions::lease::CommandLease;
use trusty_actions::{ActionError, ActionExecutor};
use trusty_fleet::SessionId;
use trusty_fleet::action::Action;
use trusty_records::settings::Settings;
use trusty_wire::command_deadline::CommandDeadline;
use trusty_wire::environment::Environment;

/// Scans, plans and acts. Begun before this deadline, or never: a process that is stopped in between
/// does nothing later.
///
/// # Errors
/// Why it was not done.
pub async fn perform_directly(
    env: &Environment,
    settings: &Settings,
    id: SessionId,
    action: Action,
    deadline: CommandDeadline,
) -> Result<(), ActionError> {
    let (lease, _caller) = CommandLease::new(deadline);
    let swept = scan::scan_once(env, settings).await;
    let swept =
        swept.map_err(|e| ActionError::Failed(format!("failed to scan for sessions: {e}")))?;
    let plan = swept.plan(id, &action).map_err(ActionError::Refused)?;
    ActionExecutor::new(env).perform_leased(plan, &lease).await
}
