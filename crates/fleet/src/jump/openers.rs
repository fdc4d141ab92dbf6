//! Programs that open a terminal with a command in it.

/// Terminal programs, those that a system chooses for its user first, and what stands before the
/// command that is to run in them: all that follows is that command, word by word.
pub const TERMINAL_OPENERS: [(&str, &[&str]); 15] = [
    // Debian's choice of its user.
    ("x-terminal-emulator", &["-e"]),
    ("kitty", &[]),
    ("wezterm", &["start", "--"]),
    ("ghostty", &["-e"]),
    ("alacritty", &["-e"]),
    ("foot", &[]),
    ("gnome-terminal", &["--"]),
    ("ptyxis", &["--"]),
    ("konsole", &["-e"]),
    ("xfce4-terminal", &["-x"]),
    ("mate-terminal", &["-x"]),
    ("terminator", &["-x"]),
    ("urxvt", &["-e"]),
    ("st", &["-e"]),
    ("xterm", &["-e"]),
];

/// A terminal program, such as `$TERMINAL` names it, with what stands before the command.
pub fn with_arguments(program: &str) -> Vec<String> {
    let file = program.rsplit('/').next().unwrap_or(program);
    let known = TERMINAL_OPENERS.iter().find(|(name, _)| *name == file);
    // Most have learnt this from xterm.
    let arguments = known.map_or(&["-e"][..], |(_, arguments)| arguments);
    let words = std::iter::once(program).chain(arguments.iter().copied());
    words.map(str::to_owned).collect()
}
