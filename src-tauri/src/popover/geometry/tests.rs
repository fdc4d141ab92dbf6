use super::*;

const DESK_AREA: DisplayRect = DisplayRect {
    x: 0.0,
    y: 26.0,
    width: 1280.0,
    height: 774.0,
};

#[test]
fn the_popover_stands_under_the_icon_and_on_the_display() {
    let at = |at| corner(at, DESK_AREA, 360.0, 300.0, 1.0);
    assert_eq!(at(Some((640.0, 12.0))), (460.0, 31.0));
    assert_eq!(at(Some((1270.0, 12.0))), (915.0, 31.0));
    assert_eq!(at(Some((3.0, 12.0))), (5.0, 31.0));
    assert_eq!(at(None), (915.0, 31.0));
    let bottom_bar = DisplayRect {
        y: 0.0,
        ..DESK_AREA
    };
    assert_eq!(
        corner(Some((640.0, 790.0)), bottom_bar, 360.0, 300.0, 1.0),
        (460.0, 469.0)
    );
    let second = DisplayRect {
        x: 1280.0,
        y: 0.0,
        width: 2560.0,
        height: 1440.0,
    };
    assert_eq!(
        corner(Some((3800.0, 10.0)), second, 720.0, 600.0, 2.0),
        (3110.0, 10.0)
    );
    let tiny = DisplayRect {
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
        // The window takes at most nine tenths of a small display.
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

fn rect(x: f64, y: f64, width: f64, height: f64) -> DisplayRect {
    DisplayRect {
        x,
        y,
        width,
        height,
    }
}

/// A display in `AppKit`'s points: its frame, and the heights of its menu bar and its Dock.
fn mac_display(frame: DisplayRect, menu_bar: f64, dock: f64) -> DisplayArea {
    DisplayArea {
        frame,
        work_area: DisplayRect {
            y: frame.y + dock,
            height: frame.height - menu_bar - dock,
            ..frame
        },
        units_per_pixel: 1.0,
    }
}

/// A laptop with a notch (3024 × 1964 pixels, two a point), the display with the menu bar.
fn mac_laptop() -> DisplayArea {
    mac_display(rect(0.0, 0.0, 1512.0, 982.0), 38.0, 80.0)
}

#[test]
fn on_a_mac_the_popover_hangs_below_its_status_item_on_the_same_display() {
    // A monitor of 1920 × 1080 pixels, one a point, to the right of the laptop, to its left and
    // above it; top edges need not be level.
    let right = mac_display(rect(1512.0, -98.0, 1920.0, 1080.0), 24.0, 0.0);
    let left = mac_display(rect(-1920.0, 200.0, 1920.0, 1080.0), 24.0, 0.0);
    let above = mac_display(rect(-204.0, 982.0, 1920.0, 1080.0), 24.0, 0.0);
    for (name, other, icon, expected) in [
        // (display beside the laptop, status item, origin of a popover of 360 × 300 points)
        (
            "laptop",
            right,
            rect(1200.0, 944.0, 34.0, 38.0),
            (1037.0, 639.0),
        ),
        (
            "laptop, last item",
            right,
            rect(1470.0, 944.0, 34.0, 38.0),
            (1147.0, 639.0),
        ),
        (
            "right",
            right,
            rect(3000.0, 958.0, 34.0, 24.0),
            (2837.0, 653.0),
        ),
        (
            "right, last item",
            right,
            rect(3390.0, 958.0, 34.0, 24.0),
            (3067.0, 653.0),
        ),
        (
            "left",
            left,
            rect(-400.0, 1256.0, 34.0, 24.0),
            (-563.0, 951.0),
        ),
        (
            "left, first item",
            left,
            rect(-1918.0, 1256.0, 34.0, 24.0),
            (-1915.0, 951.0),
        ),
        (
            "above",
            above,
            rect(1300.0, 2038.0, 34.0, 24.0),
            (1137.0, 1733.0),
        ),
    ] {
        let displays = [mac_laptop(), other];
        let frame = popover_frame(System::Mac, &displays, Some(icon), 300.0, 1.0);
        let (x, y) = expected;
        assert_eq!(frame, Some(rect(x, y, 360.0, 300.0)), "{name}");
    }
}

#[test]
fn a_popover_that_grows_on_a_mac_keeps_its_upper_edge() {
    let icon = Some(rect(1200.0, 944.0, 34.0, 38.0));
    for content in [120.0, 240.0, 480.0, 5000.0] {
        let frame = popover_frame(System::Mac, &[mac_laptop()], icon, content, 1.0);
        let frame = frame.expect("a display");
        assert!((frame.y + frame.height - 939.0).abs() < 1.0, "{frame:?}");
        assert!(frame.y >= 80.0, "over the Dock: {frame:?}");
    }
}

#[test]
fn a_status_item_that_no_display_shows_leaves_the_corner_below_the_menu_bar() {
    let right = mac_display(rect(1512.0, -98.0, 1920.0, 1080.0), 24.0, 0.0);
    let displays = [mac_laptop(), right];
    let corner = Some(rect(1147.0, 639.0, 360.0, 300.0));
    for hidden in [
        // Hidden by the notch or another app's menus: beside all displays.
        Some(rect(-4000.0, 944.0, 34.0, 38.0)),
        Some(rect(0.0, -22.0, 34.0, 22.0)),
        // A menu bar that hides itself: above the display.
        Some(rect(1200.0, 982.0, 34.0, 38.0)),
        // No status item yet, or a start from the Finder.
        None,
    ] {
        let frame = popover_frame(System::Mac, &displays, hidden, 300.0, 1.0);
        assert_eq!(frame, corner, "{hidden:?}");
    }
    assert_eq!(popover_frame(System::Mac, &[], None, 300.0, 1.0), None);
}

#[test]
fn a_menu_bar_that_hides_itself_does_not_cover_the_popover() {
    // The work area reaches up to the edge; the bar is shown over it while it is used.
    let display = mac_display(rect(0.0, 0.0, 1440.0, 900.0), 0.0, 0.0);
    let icon = Some(rect(1000.0, 876.0, 34.0, 24.0));
    let frame = popover_frame(System::Mac, &[display], icon, 300.0, 1.0);
    assert_eq!(frame, Some(rect(837.0, 571.0, 360.0, 300.0)));
}

#[test]
fn on_linux_the_popover_is_placed_in_physical_pixels() {
    let display = |x: f64, width: f64, scale: f64| DisplayArea {
        frame: rect(x, 0.0, width, 1600.0),
        work_area: rect(x, 52.0, width, 1548.0),
        units_per_pixel: scale,
    };
    let displays = [display(0.0, 2560.0, 2.0), display(2560.0, 2560.0, 2.0)];
    let click = |x: f64, y: f64| Some(rect(x, y, 0.0, 0.0));
    let at = |icon| popover_frame(System::Linux, &displays, icon, 300.0, 1.0);
    assert_eq!(
        at(click(1000.0, 20.0)),
        Some(rect(640.0, 62.0, 720.0, 600.0))
    );
    assert_eq!(
        at(click(5000.0, 20.0)),
        Some(rect(4390.0, 62.0, 720.0, 600.0))
    );
    assert_eq!(at(None), Some(rect(1830.0, 62.0, 720.0, 600.0)));
}
