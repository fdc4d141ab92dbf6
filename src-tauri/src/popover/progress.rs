//! How far the popover has come on its way to the screen. Pure.

/// Where the window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WindowPhase {
    #[default]
    Hidden,
    /// Asked for; its page has yet to paint what is to be seen.
    Opening,
    /// The page has painted and the window is mapped; its first frame has yet to come.
    Mapped,
    /// It can be seen.
    Seen,
}

/// What a click on the icon means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IconPress {
    Show,
    Hide,
    Ignore,
}

/// What the loss of the focus, or the first frame, means for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowMove {
    Stay,
    Hide,
    /// It gets the focus back.
    Focus,
}

/// Whether the page was told what to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageContent {
    Ready,
    Missing,
}

/// The way of one window from a click to the screen and back.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of one window that do not follow from each other"
)]
pub(super) struct WindowProgress {
    phase: WindowPhase,
    /// The page has painted since the window was asked for.
    painted: bool,
    /// It was waited long enough for something to list.
    waited: bool,
    /// The icon was clicked again before anything could be seen.
    insisted: bool,
    /// The focus went before anything could be seen.
    blurred: bool,
    /// Hidden a moment ago.
    just_hidden: bool,
    /// That happened before anything could be seen for longer than a click takes.
    hidden_unseen: bool,
    /// The page was made anew since it was last seen.
    remade: bool,
    /// Counts showings and hidings.
    turn: u64,
}

impl WindowProgress {
    /// It is to be shown from now on; the new turn.
    pub(super) fn ask(&mut self) -> u64 {
        if !self.is_mapped() {
            self.phase = WindowPhase::Opening;
            (self.painted, self.waited) = (false, false);
            (self.insisted, self.blurred) = (false, false);
        }
        self.just_hidden = false;
        self.turn += 1;
        self.turn
    }

    /// The icon is clicked.
    pub(super) fn press(&mut self) -> IconPress {
        match self.phase {
            // Nothing could be seen yet, so the click asks for the same once more.
            WindowPhase::Opening | WindowPhase::Mapped => {
                self.insisted = true;
                IconPress::Ignore
            }
            WindowPhase::Seen => IconPress::Hide,
            WindowPhase::Hidden if self.just_hidden && !self.hidden_unseen => IconPress::Ignore,
            WindowPhase::Hidden => IconPress::Show,
        }
    }

    /// The page has drawn what it was told into its document.
    pub(super) fn page_painted(&mut self) {
        self.painted = true;
    }

    /// It was waited long enough for something to list.
    pub(super) fn wait_is_over(&mut self) {
        self.waited = true;
    }

    /// Whether the window may come onto the screen now.
    pub(super) fn may_map(&self, content: PageContent) -> bool {
        let is_worth_showing = content == PageContent::Ready || self.waited;
        self.phase == WindowPhase::Opening && self.painted && is_worth_showing
    }

    /// The window is on the screen.
    pub(super) fn map(&mut self) {
        self.phase = WindowPhase::Mapped;
    }

    /// The first frame is on the screen.
    pub(super) fn frame_shown(&mut self) -> WindowMove {
        if self.phase != WindowPhase::Mapped {
            return WindowMove::Stay;
        }
        self.phase = WindowPhase::Seen;
        self.remade = false;
        match (self.blurred, self.insisted) {
            (false, _) => WindowMove::Stay,
            (true, true) => WindowMove::Focus,
            (true, false) => WindowMove::Hide,
        }
    }

    /// The focus has gone elsewhere.
    pub(super) fn blur(&mut self) -> WindowMove {
        if self.phase == WindowPhase::Seen {
            return WindowMove::Hide;
        }
        self.blurred = true;
        WindowMove::Stay
    }

    /// The focus has come.
    pub(super) fn focus(&mut self) {
        self.blurred = false;
    }

    /// It is hidden from now on; the new turn.
    pub(super) fn hide(&mut self) -> u64 {
        self.hidden_unseen = self.phase != WindowPhase::Seen || self.blurred;
        self.phase = WindowPhase::Hidden;
        self.just_hidden = true;
        self.turn += 1;
        self.turn
    }

    /// So long after, another click is another one.
    pub(super) fn forget_hiding(&mut self) {
        (self.just_hidden, self.hidden_unseen) = (false, false);
    }

    /// The page is gone. Whether it is to be made anew: once, if it was asked for.
    pub(super) fn page_ended(&mut self) -> bool {
        if self.phase == WindowPhase::Hidden || self.remade {
            return false;
        }
        self.phase = WindowPhase::Opening;
        self.painted = false;
        self.remade = true;
        true
    }

    /// It was asked for and is not on the screen yet.
    pub(super) fn is_opening(&self) -> bool {
        self.phase == WindowPhase::Opening
    }

    /// It is on the screen, seen or not.
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self.phase, WindowPhase::Mapped | WindowPhase::Seen)
    }

    /// It is neither on the screen nor on its way there.
    pub(super) fn is_hidden(&self) -> bool {
        self.phase == WindowPhase::Hidden
    }

    /// It has been hidden since this turn: nobody has asked for it in between.
    pub(super) fn is_idle_since(&self, turn: u64) -> bool {
        self.is_hidden() && self.turn == turn
    }

    /// Counts showings and hidings.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }
}

#[cfg(test)]
mod tests {
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

        // What was painted before it was asked for is old.
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
        // Nothing is to be seen yet, and the click takes the focus along.
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
        // The click that took the focus was one on the icon: it meant to close.
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
        assert!(!progress.page_ended(), "for ever");
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
}
