//! Performs an action in this process when no engine runs: one scan, then the same planner, locks
//! and records.

use crate::scan;
use trusty_actions::lease::CommandLease;
use trusty_actions::{ActionError, ActionExecutor};
use trusty_fleet::SessionId;
use trusty_fleet::action::Action;
use trusty_records::settings::Settings;
use trusty_wire::command_deadline::CommandDeadline;
use trusty_wire::environment::Environment;

/// Scans, plans and performs an action. The action does not begin after `deadline`, so that a
/// process that was stopped in between does nothing late.
///
/// # Errors
/// If the scan fails, the action is refused, or performing it fails.
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
