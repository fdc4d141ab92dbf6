//! Programs that open a terminal with a command in it.

/// Terminal programs, and the arguments that precede the command to run; the program that the
/// system chooses for the user comes first. Each takes all words that follow as the command.
pub const TERMINAL_OPENERS: [(&str, &[&str]); 15] = [
    // The user's choice on Debian.
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

/// A terminal program, such as the value of `$TERMINAL`, with the arguments before the command.
pub fn with_arguments(program: &str) -> Vec<String> {
    let file = program.rsplit('/').next().unwrap_or(program);
    let known = TERMINAL_OPENERS.iter().find(|(name, _)| *name == file);
    // Most terminal programs adopted xterm's `-e`.
    let arguments = known.map_or(&["-e"][..], |(_, arguments)| arguments);
    let words = std::iter::once(program).chain(arguments.iter().copied());
    words.map(str::to_owned).collect()
}
