//! Where the popover stands and how high it is. Pure.

use tauri::PhysicalPosition;

/// CSS pixels.
const LOWEST: f64 = 120.0;
const HIGHEST: f64 = 600.0;
/// Of the work area.
const SHARE: f64 = 0.7;
/// Between the bar and the popover.
const GAP: f64 = 5.0;

/// Where it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Place {
    /// Centred at this point of the bar, in physical pixels.
    Below(PhysicalPosition<f64>),
    /// In the corner where bars have their icons.
    #[default]
    Corner,
}

/// What panels leave free of a display, in physical pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The height for a content, in CSS pixels.
pub(super) fn height(content: f64, work_area: f64) -> f64 {
    content
        .clamp(LOWEST, HIGHEST.min(work_area * SHARE).max(LOWEST))
        .round()
}

/// The top left corner, in physical pixels.
pub(super) fn corner(
    at: Option<(f64, f64)>,
    area: Area,
    width: f64,
    height: f64,
    scale: f64,
) -> (f64, f64) {
    let gap = GAP * scale;
    let right = area.x + area.width - width - gap;
    let bottom = area.y + area.height - height - gap;
    let (left, top) = (area.x + gap, area.y + gap);
    let (x, y) = match at {
        // A click in the lower half comes from a bar at the bottom.
        Some((x, y)) if y > area.y + area.height / 2.0 => (x - width / 2.0, bottom),
        Some((x, _)) => (x - width / 2.0, top),
        None => (right, top),
    };
    (
        x.min(right).max(left).round(),
        y.min(bottom).max(top).round(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: Area = Area {
        x: 0.0,
        y: 26.0,
        width: 1280.0,
        height: 774.0,
    };

    #[test]
    fn it_stands_under_the_icon_and_on_the_display() {
        let at = |at| corner(at, DESK, 360.0, 300.0, 1.0);
        assert_eq!(at(Some((640.0, 12.0))), (460.0, 31.0));
        assert_eq!(at(Some((1270.0, 12.0))), (915.0, 31.0));
        assert_eq!(at(Some((3.0, 12.0))), (5.0, 31.0));
        assert_eq!(at(None), (915.0, 31.0));
        let bottom_bar = Area { y: 0.0, ..DESK };
        assert_eq!(
            corner(Some((640.0, 790.0)), bottom_bar, 360.0, 300.0, 1.0),
            (460.0, 469.0)
        );
        let second = Area {
            x: 1280.0,
            y: 0.0,
            width: 2560.0,
            height: 1440.0,
        };
        assert_eq!(
            corner(Some((3800.0, 10.0)), second, 720.0, 600.0, 2.0),
            (3110.0, 10.0)
        );
        let tiny = Area {
            x: 0.0,
            y: 0.0,
            width: 200.0,
            height: 100.0,
        };
        assert_eq!(
            corner(Some((100.0, 0.0)), tiny, 360.0, 300.0, 1.0),
            (5.0, 5.0)
        );
    }

    #[test]
    fn it_is_as_high_as_its_content_within_bounds() {
        for (content, work, expected) in [
            (300.0, 800.0, 300.0),
            (50.0, 800.0, 120.0),
            (5000.0, 2000.0, 600.0),
            (5000.0, 700.0, 490.0),
            (5000.0, 100.0, 120.0),
        ] {
            let got = height(content, work);
            assert!((got - expected).abs() < 0.5, "{content} in {work}: {got}");
        }
    }
}
