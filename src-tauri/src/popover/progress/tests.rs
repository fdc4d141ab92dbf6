use super::*;

fn opening_window() -> WindowProgress {
    let mut progress = WindowProgress::default();
    assert_eq!(progress.press(), IconPress::Show);
    progress.ask();
    progress
}

fn mapped_window() -> WindowProgress {
    let mut progress = opening_window();
    progress.page_painted();
    assert!(progress.may_map(PageContent::Ready));
    progress.map();
    progress
}

fn seen_window() -> WindowProgress {
    let mut progress = mapped_window();
    assert_eq!(progress.frame_shown(), WindowMove::Stay);
    progress
}

#[test]
fn a_window_is_mapped_only_after_its_page_has_painted() {
    let mut progress = opening_window();
    progress.wait_is_over();
    assert!(!progress.may_map(PageContent::Ready) && !progress.may_map(PageContent::Missing));
    progress.page_painted();
    assert!(progress.may_map(PageContent::Ready));
    progress.map();
    assert!(!progress.may_map(PageContent::Ready), "mapped twice");

    // A paint before the popover was asked for shows an old state.
    let mut hidden = WindowProgress::default();
    hidden.page_painted();
    hidden.ask();
    assert!(!hidden.may_map(PageContent::Ready));
    let mut again = seen_window();
    again.hide();
    again.ask();
    assert!(!again.may_map(PageContent::Ready));
}

#[test]
fn a_window_waits_a_while_for_something_to_list() {
    let mut progress = opening_window();
    progress.page_painted();
    assert!(!progress.may_map(PageContent::Missing));
    progress.wait_is_over();
    assert!(progress.may_map(PageContent::Missing));
}

#[test]
fn a_second_click_does_not_lose_a_window_that_is_coming() {
    let mut progress = opening_window();
    assert_eq!(progress.press(), IconPress::Ignore);
    progress.page_painted();
    assert!(progress.may_map(PageContent::Ready));
    progress.map();
    // The window is not visible yet, and the click takes its focus.
    assert_eq!(progress.blur(), WindowMove::Stay);
    assert_eq!(progress.press(), IconPress::Ignore);
    assert_eq!(progress.frame_shown(), WindowMove::Focus);
    assert_eq!(progress.press(), IconPress::Hide);
}

#[test]
fn a_click_that_is_told_after_its_loss_of_the_focus_does_not_lose_the_window() {
    let mut progress = mapped_window();
    assert_eq!(progress.blur(), WindowMove::Stay);
    assert_eq!(progress.frame_shown(), WindowMove::Hide);
    progress.hide();
    assert_eq!(progress.press(), IconPress::Show);
}

#[test]
fn a_focus_that_came_back_before_the_first_frame_hides_nothing() {
    let mut progress = mapped_window();
    assert_eq!(progress.blur(), WindowMove::Stay);
    progress.focus();
    assert_eq!(progress.frame_shown(), WindowMove::Stay);
}

#[test]
fn a_click_elsewhere_hides_a_window_once_it_was_seen() {
    let mut progress = seen_window();
    assert_eq!(progress.blur(), WindowMove::Hide);
    progress.hide();
    // The click that took the focus was on the icon: the user meant to close the popover.
    assert_eq!(progress.press(), IconPress::Ignore);
    progress.forget_hiding();
    assert_eq!(progress.press(), IconPress::Show);
}

#[test]
fn a_page_that_ends_is_made_anew_once_while_it_is_wanted() {
    assert!(!WindowProgress::default().page_ended());
    let mut progress = seen_window();
    assert!(progress.page_ended() && progress.is_opening());
    assert!(!progress.may_map(PageContent::Ready));
    assert!(!progress.page_ended(), "rebuilt twice");
    let mut progress = seen_window();
    assert!(progress.page_ended());
    progress.page_painted();
    progress.map();
    progress.frame_shown();
    assert!(progress.page_ended(), "it was seen in between");
}

#[test]
fn each_showing_and_hiding_is_a_turn_of_its_own() {
    let mut progress = seen_window();
    let shown = progress.turn();
    let hidden = progress.hide();
    assert!(hidden > shown && progress.is_hidden());
    assert!(progress.ask() > hidden && !progress.is_hidden());
}

#[test]
fn only_a_popover_that_was_not_asked_for_since_it_was_hidden_is_idle() {
    let mut progress = WindowProgress::default();
    assert!(progress.is_idle_since(progress.turn()), "made in advance");
    progress = seen_window();
    assert!(!progress.is_idle_since(progress.turn()), "it is shown");
    let hidden = progress.hide();
    assert!(progress.is_idle_since(hidden));
    progress.ask();
    progress.hide();
    assert!(!progress.is_idle_since(hidden), "shown in between");
}

/// What a panel on macOS reports: a click on its own status item takes no focus from the panel,
/// and the panel loses the focus once more when it is hidden.
#[test]
fn a_panel_closes_once_when_it_loses_the_keyboard() {
    let mut progress = mapped_window();
    assert_eq!(
        progress.focus_changed(FocusChange::Gained),
        WindowMove::Stay
    );
    assert_eq!(progress.frame_shown(), WindowMove::Stay);
    // A click on another app's window.
    assert_eq!(progress.focus_changed(FocusChange::Lost), WindowMove::Hide);
    progress.hide();
    assert!(progress.is_hidden());
    // The report of the loss that the hiding itself caused.
    assert_eq!(progress.focus_changed(FocusChange::Lost), WindowMove::Stay);
    progress.forget_hiding();
    assert_eq!(progress.press(), IconPress::Show);
}

#[test]
fn a_click_on_the_status_item_closes_a_panel_that_keeps_the_keyboard() {
    let mut progress = mapped_window();
    progress.focus_changed(FocusChange::Gained);
    progress.frame_shown();
    assert_eq!(progress.press(), IconPress::Hide);
    progress.hide();
    progress.focus_changed(FocusChange::Lost);
    progress.forget_hiding();
    assert_eq!(progress.press(), IconPress::Show);
}

#[test]
fn a_late_report_of_the_previous_hiding_closes_no_new_panel() {
    let mut progress = seen_window();
    progress.hide();
    progress.forget_hiding();
    progress.press();
    progress.ask();
    progress.page_painted();
    progress.map();
    // The queue holds the loss of the previous showing, and then the new focus.
    assert_eq!(progress.focus_changed(FocusChange::Lost), WindowMove::Stay);
    assert_eq!(
        progress.focus_changed(FocusChange::Gained),
        WindowMove::Stay
    );
    assert_eq!(progress.frame_shown(), WindowMove::Stay);
}
