//! The popover's progress from a click to the screen, as a pure state machine.

/// The phase of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WindowPhase {
    #[default]
    Hidden,
    /// The popover was asked for; its page has yet to paint the content.
    Opening,
    /// The page has painted and the window is mapped; the first frame has yet to appear.
    Mapped,
    /// The first frame is on the screen.
    Seen,
}

/// The effect of a click on the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IconPress {
    Show,
    Hide,
    Ignore,
}

/// The effect of a lost focus, or of the first frame, on the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowMove {
    Stay,
    Hide,
    /// The window takes the focus back.
    Focus,
}

/// What happened to the keyboard focus of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FocusChange {
    Gained,
    Lost,
}

/// Whether the page has been sent anything to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageContent {
    Ready,
    Missing,
}

/// The progress of the window from a click to the screen and back.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of one window that do not follow from each other"
)]
pub(super) struct WindowProgress {
    phase: WindowPhase,
    /// The page has painted since the popover was asked for.
    painted: bool,
    /// The wait for a first board is over.
    waited: bool,
    /// The icon was clicked again before the window was visible.
    insisted: bool,
    /// The focus was lost before the window was visible.
    blurred: bool,
    /// The popover was hidden a moment ago.
    just_hidden: bool,
    /// The hiding came before the window was visible, or for a focus that was lost before that, so
    /// the next click is not the one that closed it.
    hidden_unseen: bool,
    /// The page was rebuilt since the window was last visible.
    remade: bool,
    /// A counter of showings and hidings.
    turn: u64,
}

impl WindowProgress {
    /// The popover is asked for; returns the new turn.
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

    /// The icon was clicked.
    pub(super) fn press(&mut self) -> IconPress {
        match self.phase {
            // The window is not visible yet, so the click asks for the same again.
            WindowPhase::Opening | WindowPhase::Mapped => {
                self.insisted = true;
                IconPress::Ignore
            }
            WindowPhase::Seen => IconPress::Hide,
            WindowPhase::Hidden if self.just_hidden && !self.hidden_unseen => IconPress::Ignore,
            WindowPhase::Hidden => IconPress::Show,
        }
    }

    /// The page has drawn the last event into its document.
    pub(super) fn page_painted(&mut self) {
        self.painted = true;
    }

    /// The wait for a first board is over.
    pub(super) fn wait_is_over(&mut self) {
        self.waited = true;
    }

    /// Whether the window may be mapped now.
    pub(super) fn may_map(&self, content: PageContent) -> bool {
        let is_worth_showing = content == PageContent::Ready || self.waited;
        self.phase == WindowPhase::Opening && self.painted && is_worth_showing
    }

    /// The window is mapped.
    pub(super) fn map(&mut self) {
        self.phase = WindowPhase::Mapped;
    }

    /// The first frame is on the screen; returns what the window does next.
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

    /// The window has gained or lost the focus; returns what the window does next.
    pub(super) fn focus_changed(&mut self, change: FocusChange) -> WindowMove {
        match change {
            FocusChange::Lost => self.blur(),
            FocusChange::Gained => {
                self.focus();
                WindowMove::Stay
            }
        }
    }

    /// The focus went elsewhere; returns what the window does next.
    fn blur(&mut self) -> WindowMove {
        if self.phase == WindowPhase::Seen {
            return WindowMove::Hide;
        }
        self.blurred = true;
        WindowMove::Stay
    }

    /// The window got the focus.
    fn focus(&mut self) {
        self.blurred = false;
    }

    /// The popover is hidden; returns the new turn.
    pub(super) fn hide(&mut self) -> u64 {
        self.hidden_unseen = self.phase != WindowPhase::Seen || self.blurred;
        self.phase = WindowPhase::Hidden;
        self.just_hidden = true;
        self.turn += 1;
        self.turn
    }

    /// Ends the time in which a click on the icon counts as the one that hid the popover.
    pub(super) fn forget_hiding(&mut self) {
        (self.just_hidden, self.hidden_unseen) = (false, false);
    }

    /// The page has ended. Returns whether to rebuild it: once per opening, if the popover is
    /// wanted.
    pub(super) fn page_ended(&mut self) -> bool {
        if self.phase == WindowPhase::Hidden || self.remade {
            return false;
        }
        self.phase = WindowPhase::Opening;
        self.painted = false;
        self.remade = true;
        true
    }

    /// Whether the popover was asked for and is not on the screen yet.
    pub(super) fn is_opening(&self) -> bool {
        self.phase == WindowPhase::Opening
    }

    /// Whether the window is mapped, visible or not.
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self.phase, WindowPhase::Mapped | WindowPhase::Seen)
    }

    /// Whether the popover is neither on the screen nor on its way there.
    pub(super) fn is_hidden(&self) -> bool {
        self.phase == WindowPhase::Hidden
    }

    /// Whether the popover has stayed hidden since this turn.
    pub(super) fn is_idle_since(&self, turn: u64) -> bool {
        self.is_hidden() && self.turn == turn
    }

    /// A counter of showings and hidings.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }
}

#[cfg(test)]
mod tests;
