//! What only macOS has. Everything here is shown and checked for known faults; no status depends on
//! it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What only macOS has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MacFacts {
    /// The application bundle that the program lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// The lines that `codesign -dv` prints about the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signature: Vec<String>,
    /// The screens, the main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screens: Vec<ReportedScreen>,
    /// Where the icon in the menu bar is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tray: Option<ReportedPlacement>,
    /// What the user allowed the program that wrote the report. macOS takes a program that was
    /// started in a terminal for that terminal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<ReportedConsent>,
    /// Facts that could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A screen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportedScreen {
    /// The whole screen, if its place is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<ReportedRect>,
    /// The size in words, as the system prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// How many pixels a point has in each direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Whether this is the main screen.
    #[serde(default)]
    pub main: bool,
}

/// Where the icon in the menu bar is, and the popover that belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportedPlacement {
    /// The icon.
    pub icon: ReportedRect,
    /// The popover, if it was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub popover: Option<ReportedRect>,
}

/// A rectangle in points, from the top left of the main screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportedRect {
    /// The left edge.
    pub x: f64,
    /// The upper edge.
    pub y: f64,
    /// The width.
    pub width: f64,
    /// The height.
    pub height: f64,
}

/// What the user allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedConsent {
    /// What was asked for: `automation`, `notifications`, `login item`, …
    pub kind: String,
    /// The application that would be controlled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The state: `not asked`, `asking`, `denied`, `granted`, or `not running`: macOS answers only
    /// for an application that runs.
    pub state: String,
}
