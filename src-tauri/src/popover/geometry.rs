//! Where the popover stands and how large it is. Pure.

use tauri::PhysicalPosition;

/// In pixels of a style sheet, which grow with the desktop's text.
const PAGE_WIDTH: f64 = 360.0;
const MIN_PAGE_HEIGHT: f64 = 120.0;
const MAX_PAGE_HEIGHT: f64 = 600.0;
/// The most of a work area that is taken in any direction.
const MAX_AREA_SHARE: f64 = 0.9;
/// The most of its height in text of the usual size; larger text may have more.
const USUAL_HEIGHT_SHARE: f64 = 0.7;
/// Between the bar and the popover.
const BAR_GAP_PX: f64 = 5.0;

/// Where it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum WindowLocation {
    /// Centred at this point of the bar, in physical pixels.
    Below(PhysicalPosition<f64>),
    /// In the corner where bars have their icons.
    #[default]
    Corner,
}

/// What panels leave free of a display, in physical pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WorkArea {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The width and height of the window, in logical pixels, for a page that is `content` of its own
/// pixels high and drawn `text_scale` times as large, on a work area of this width and height.
pub(super) fn window_size(content: f64, text_scale: f64, work_area: (f64, f64)) -> (f64, f64) {
    let (area_width, area_height) = work_area;
    let width = (PAGE_WIDTH * text_scale).min(area_width * MAX_AREA_SHARE);
    let share = (USUAL_HEIGHT_SHARE * text_scale).clamp(USUAL_HEIGHT_SHARE, MAX_AREA_SHARE);
    let lowest = MIN_PAGE_HEIGHT.min(MIN_PAGE_HEIGHT * text_scale);
    let highest = (MAX_PAGE_HEIGHT * text_scale).min(area_height * share);
    let wanted = (content * text_scale).max(MIN_PAGE_HEIGHT * text_scale);
    (width.round(), wanted.min(highest).max(lowest).round())
}

/// The top left corner, in physical pixels.
pub(super) fn corner(
    at: Option<(f64, f64)>,
    area: WorkArea,
    width: f64,
    height: f64,
    scale: f64,
) -> (f64, f64) {
    let gap = BAR_GAP_PX * scale;
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

    const DESK_AREA: WorkArea = WorkArea {
        x: 0.0,
        y: 26.0,
        width: 1280.0,
        height: 774.0,
    };

    #[test]
    fn it_stands_under_the_icon_and_on_the_display() {
        let at = |at| corner(at, DESK_AREA, 360.0, 300.0, 1.0);
        assert_eq!(at(Some((640.0, 12.0))), (460.0, 31.0));
        assert_eq!(at(Some((1270.0, 12.0))), (915.0, 31.0));
        assert_eq!(at(Some((3.0, 12.0))), (5.0, 31.0));
        assert_eq!(at(None), (915.0, 31.0));
        let bottom_bar = WorkArea {
            y: 0.0,
            ..DESK_AREA
        };
        assert_eq!(
            corner(Some((640.0, 790.0)), bottom_bar, 360.0, 300.0, 1.0),
            (460.0, 469.0)
        );
        let second = WorkArea {
            x: 1280.0,
            y: 0.0,
            width: 2560.0,
            height: 1440.0,
        };
        assert_eq!(
            corner(Some((3800.0, 10.0)), second, 720.0, 600.0, 2.0),
            (3110.0, 10.0)
        );
        let tiny = WorkArea {
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
    fn a_popover_is_as_large_as_its_text_and_content_within_the_work_area() {
        let desk = (1280.0, 1000.0);
        for (content, text_scale, area, expected) in [
            // Text of the usual size.
            (300.0, 1.0, desk, (360.0, 300.0)),
            (50.0, 1.0, desk, (360.0, 120.0)),
            (5000.0, 1.0, (1280.0, 2000.0), (360.0, 600.0)),
            (5000.0, 1.0, (1280.0, 700.0), (360.0, 490.0)),
            (5000.0, 1.0, (1280.0, 100.0), (360.0, 120.0)),
            // Fonts of 120, 144 and 192 dots per inch.
            (300.0, 1.25, desk, (450.0, 375.0)),
            (300.0, 1.5, desk, (540.0, 450.0)),
            (300.0, 2.0, desk, (720.0, 600.0)),
            (5000.0, 1.25, (1280.0, 2000.0), (450.0, 750.0)),
            (5000.0, 1.25, desk, (450.0, 750.0)),
            (5000.0, 2.0, desk, (720.0, 900.0)),
            // Never wider or higher than nine tenths of a small display.
            (300.0, 2.0, (640.0, 480.0), (576.0, 432.0)),
            (50.0, 2.0, (640.0, 200.0), (576.0, 180.0)),
            // Small text makes a small window.
            (300.0, 0.75, desk, (270.0, 225.0)),
        ] {
            let (width, height) = window_size(content, text_scale, area);
            let near = |a: f64, b: f64| (a - b).abs() < 0.5;
            assert!(
                near(width, expected.0) && near(height, expected.1),
                "{content} x {text_scale} in {area:?}: {width} x {height}"
            );
        }
    }
}
