//! `AEDeterminePermissionToAutomateTarget` of the Apple Event Manager. Type-checked on Linux, not
//! yet run on a Mac.

#![expect(
    unsafe_code,
    reason = "the Apple Event Manager is a C interface without a safe face"
)]

use super::PermissionPrompt;
use std::ffi::c_void;
use std::io;

/// `typeApplicationBundleID`, `'bund'`: an app by its bundle identifier.
const BUNDLE_ID_TYPE: u32 = u32::from_be_bytes(*b"bund");
/// `typeWildCard`, `'****'`: any event.
const ANY_EVENT: u32 = u32::from_be_bytes(*b"****");

/// `AEDesc` in `AEDataModel.h`: a type of four bytes and a handle. Only the Apple Event Manager reads
/// it. The header packs structures to two bytes, so 12 bytes are used; the room suffices without
/// packing, too.
#[repr(C, align(8))]
struct AppleEventDescriptor {
    opaque: [u8; 16],
}

const _: () = assert!(size_of::<AppleEventDescriptor>() >= 8 + size_of::<*mut c_void>());

#[link(name = "CoreServices", kind = "framework")]
unsafe extern "C" {
    fn AECreateDesc(
        type_code: u32,
        data: *const c_void,
        size: isize,
        result: *mut AppleEventDescriptor,
    ) -> i16;
    fn AEDisposeDesc(descriptor: *mut AppleEventDescriptor) -> i16;
    fn AEDeterminePermissionToAutomateTarget(
        target: *const AppleEventDescriptor,
        event_class: u32,
        event_id: u32,
        ask_user_if_needed: u8,
    ) -> i32;
}

/// Whether this process may send any Apple Event to the app with this bundle identifier: a status
/// of the Apple Event Manager (0, -1743, -1744, -600 or another one).
///
/// # Errors
/// The descriptor of the app could not be created.
pub fn determine_permission(bundle: &str, prompt: PermissionPrompt) -> io::Result<i32> {
    let mut target = AppleEventDescriptor { opaque: [0; 16] };
    let size = isize::try_from(bundle.len()).map_err(io::Error::other)?;
    let data = bundle.as_ptr().cast();
    // SAFETY: the data has `size` bytes, and `target` is valid for writing; the bytes are copied.
    let created = unsafe { AECreateDesc(BUNDLE_ID_TYPE, data, size, &raw mut target) };
    if created != 0 {
        let told = format!("AECreateDesc failed with status {created}");
        return Err(io::Error::other(told));
    }
    let asks = u8::from(prompt == PermissionPrompt::IfUndecided);
    // SAFETY: the descriptor was created above and is disposed of only afterwards.
    let status = unsafe {
        AEDeterminePermissionToAutomateTarget(&raw const target, ANY_EVENT, ANY_EVENT, asks)
    };
    // SAFETY: the descriptor was created above and is not used any more.
    unsafe { AEDisposeDesc(&raw mut target) };
    Ok(status)
}
