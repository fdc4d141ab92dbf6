//! The font DPI of a desktop, in its X resources or its XSETTINGS.

use super::TestDesktop;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{COPY_DEPTH_FROM_PARENT, CURRENT_TIME};

/// `Xft/DPI` is in units of 1/1024 dot per inch.
const DPI_UNITS: i32 = 1024;
const DPI_SETTING: &[u8] = b"Xft/DPI";

impl TestDesktop {
    /// Sets the font DPI in the X resources, which programs read when they start.
    #[track_caller]
    pub fn set_resource_dpi(&self, dpi: i32) {
        let name = "RESOURCE_MANAGER";
        let text = format!("Xft.dpi:\t{dpi}\n");
        let set = ["-root", "-f", name, "8s", "-set", name, &text];
        assert!(self.ask("xprop", &set).is_some(), "no X resources");
    }

    /// Starts a settings daemon for this desktop, within the test.
    #[track_caller]
    pub fn settings_daemon(&self) -> SettingsDaemon {
        SettingsDaemon::start(self.display())
    }
}

/// An XSETTINGS daemon, whose changes running programs follow.
pub struct SettingsDaemon {
    connection: RustConnection,
    window: u32,
    serial: u32,
}

impl SettingsDaemon {
    #[track_caller]
    fn start(display: &str) -> Self {
        let (connection, screen) = x11rb::connect(Some(display)).expect("the display");
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id().expect("an id");
        connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                window,
                root,
                -1,
                -1,
                1,
                1,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &CreateWindowAux::new(),
            )
            .expect("a window");
        let daemon = Self {
            connection,
            window,
            serial: 0,
        };
        let selection = daemon.atom(b"_XSETTINGS_S0");
        let c = &daemon.connection;
        c.set_selection_owner(window, selection, CURRENT_TIME)
            .expect("the selection");
        let data = [CURRENT_TIME, selection, window, 0, 0];
        let told = ClientMessageEvent::new(32, root, daemon.atom(b"MANAGER"), data);
        c.send_event(false, root, EventMask::STRUCTURE_NOTIFY, told)
            .expect("a message");
        c.flush().expect("sent");
        daemon
    }

    /// Sets the font DPI of all running programs.
    #[track_caller]
    pub fn set_dpi(&mut self, dpi: i32) {
        self.serial += 1;
        let mut bytes = Vec::new();
        // The byte order of the following: least significant byte first.
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(self.serial.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        // One setting: an integer, whose name is padded to a multiple of four bytes.
        bytes.extend([0, 0]);
        bytes.extend(
            u16::try_from(DPI_SETTING.len())
                .expect("short")
                .to_le_bytes(),
        );
        bytes.extend(DPI_SETTING);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(self.serial.to_le_bytes());
        bytes.extend((dpi * DPI_UNITS).to_le_bytes());
        let name = self.atom(b"_XSETTINGS_SETTINGS");
        self.connection
            .change_property8(PropMode::REPLACE, self.window, name, name, &bytes)
            .expect("a property");
        // The reply shows that the server has processed all earlier requests.
        let asked = self
            .connection
            .get_property(false, self.window, name, AtomEnum::ANY, 0, 0);
        asked.expect("a question").reply().expect("an answer");
    }

    #[track_caller]
    fn atom(&self, name: &[u8]) -> u32 {
        let asked = self
            .connection
            .intern_atom(false, name)
            .expect("a question");
        asked.reply().expect("an atom").atom
    }
}
