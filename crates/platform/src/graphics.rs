//! Which driver draws OpenGL on this machine.
#![expect(unsafe_code, reason = "EGL is a C library, loaded at run time")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;

type EglDisplay = *mut c_void;
type EglGetDisplay = unsafe extern "C" fn(native: *mut c_void) -> EglDisplay;
type EglInitialize =
    unsafe extern "C" fn(display: EglDisplay, major: *mut c_int, minor: *mut c_int) -> c_uint;
type EglGetProcAddress = unsafe extern "C" fn(name: *const c_char) -> *mut c_void;
type EglGetDisplayDriverName = unsafe extern "C" fn(display: EglDisplay) -> *const c_char;

const EGL_LIBRARY: &CStr = c"libEGL.so.1";

/// The name of the OpenGL driver that EGL chooses for the default display, such as `iris` or
/// `swrast`; none without EGL, without a display, or if EGL does not name its driver.
///
/// Loads graphics drivers, which may crash this process and stay in its memory: call this only in
/// a process that does nothing else.
pub fn opengl_driver() -> Option<String> {
    // SAFETY: the name is a C string. The constructors of libEGL may run here; the library is made
    // to be loaded at run time. The library is never closed, so its symbols stay valid.
    let egl = unsafe { libc::dlopen(EGL_LIBRARY.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if egl.is_null() {
        return None;
    }
    let find = |name: &CStr| {
        // SAFETY: `egl` is the open handle from above, and the name is a C string.
        let found = unsafe { libc::dlsym(egl, name.as_ptr()) };
        (!found.is_null()).then_some(found)
    };
    // SAFETY: `eglGetDisplay` of EGL 1.0 has this signature.
    let get_display: EglGetDisplay = unsafe { std::mem::transmute(find(c"eglGetDisplay")?) };
    // SAFETY: `eglInitialize` of EGL 1.0 has this signature; `EGLBoolean` is an unsigned int.
    let initialize: EglInitialize = unsafe { std::mem::transmute(find(c"eglInitialize")?) };
    // SAFETY: `eglGetProcAddress` of EGL 1.0 has this signature.
    let get_proc_address: EglGetProcAddress =
        unsafe { std::mem::transmute(find(c"eglGetProcAddress")?) };
    // SAFETY: a null native display is `EGL_DEFAULT_DISPLAY`.
    let display = unsafe { get_display(ptr::null_mut()) };
    if display.is_null() {
        return None;
    }
    // SAFETY: `display` comes from EGL; EGL ignores version pointers that are null.
    if unsafe { initialize(display, ptr::null_mut(), ptr::null_mut()) } == 0 {
        return None;
    }
    // SAFETY: the name is a C string.
    let named = unsafe { get_proc_address(c"eglGetDisplayDriverName".as_ptr()) };
    if named.is_null() {
        return None;
    }
    // SAFETY: the function of EGL_MESA_query_driver has this signature. If the display's vendor
    // lacks the extension, the dispatching library returns null from the call.
    let get_driver_name: EglGetDisplayDriverName = unsafe { std::mem::transmute(named) };
    // SAFETY: `display` is an initialised EGL display.
    let name = unsafe { get_driver_name(display) };
    if name.is_null() {
        return None;
    }
    // SAFETY: the name is not null, and is a C string that lives as long as the display, which is
    // never closed.
    let name = unsafe { CStr::from_ptr(name) };
    Some(name.to_string_lossy().into_owned())
}
