//! Reads the members of a group from the system's accounts.

#![expect(clippy::disallowed_methods, reason = "the age of what is cached")]
#![expect(
    unsafe_code,
    reason = "the accounts of the system have no safe interface"
)]

use super::members::{self, GroupRoster};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long the account database may take: the accounts may be served by another machine.
const ACCOUNTS_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a result is cached. Memberships change rarely, and take effect at the next login.
const ROSTER_LIFETIME: Duration = Duration::from_mins(1);
/// The largest entry of an account or group that is read, in bytes.
const MAX_ENTRY_BYTES: usize = 1 << 20;
/// The limit for the members of a group; any further member is another user in any case.
const MAX_GROUP_MEMBERS: usize = 64;
/// The limit for the accounts that are searched for their primary group.
const MAX_ACCOUNTS: usize = 20_000;

struct CachedRoster {
    read_at: Instant,
    roster: Option<GroupRoster>,
}

/// Cached results, by gid and uid.
static GROUP_ROSTERS: Mutex<BTreeMap<(u32, u32), CachedRoster>> = Mutex::new(BTreeMap::new());

/// Whether a group has a member besides this user and root. True if the accounts do not respond.
pub(super) fn has_other_members(gid: u32, uid: u32) -> bool {
    let roster = cached_roster(gid, uid);
    roster.is_none_or(|roster| members::has_other_members(&roster, uid))
}

fn cached_roster(gid: u32, uid: u32) -> Option<GroupRoster> {
    let mut rosters = GROUP_ROSTERS.lock().unwrap_or_else(PoisonError::into_inner);
    rosters.retain(|_, cached| cached.read_at.elapsed() < ROSTER_LIFETIME);
    if let Some(cached) = rosters.get(&(gid, uid)) {
        return cached.roster.clone();
    }
    let roster = read_in_time(gid, uid);
    let cached = CachedRoster {
        read_at: Instant::now(),
        roster: roster.clone(),
    };
    rosters.insert((gid, uid), cached);
    roster
}

fn read_in_time(gid: u32, uid: u32) -> Option<GroupRoster> {
    let (send, read) = mpsc::channel();
    let body = move || {
        // After the timeout there is no receiver, and the result is not needed any more.
        let _ = send.send(read_roster(gid, uid));
    };
    thread::Builder::new()
        .name("trusty-accounts".into())
        .spawn(body)
        .ok()?;
    read.recv_timeout(ACCOUNTS_TIMEOUT).ok().flatten()
}

/// Held during a use of getpwent(3), whose position in the list is shared by all threads.
static ACCOUNT_LIST: Mutex<()> = Mutex::new(());

fn read_roster(gid: u32, uid: u32) -> Option<GroupRoster> {
    let GroupEntry { is_there, names } = read_entry(gid)?;
    let listed = names.iter().map(|name| uid_of(name)).collect();
    let primary = primary_members(gid)?;
    let is_own = primary.contains(&uid) || is_group_of_this_process(gid, uid);
    Some(GroupRoster {
        is_known: is_there || is_own,
        listed,
        primary,
    })
}

/// Whether this process runs as this user in this group. Without an account, as in a container,
/// only that shows the primary group.
fn is_group_of_this_process(gid: u32, uid: u32) -> bool {
    let is_user = rustix::process::geteuid().as_raw() == uid;
    is_user && rustix::process::getgid().as_raw() == gid
}

/// The account database's entry for a group.
struct GroupEntry {
    is_there: bool,
    /// The user names that the entry lists.
    names: Vec<CString>,
}

fn read_entry(gid: u32) -> Option<GroupEntry> {
    let made = |is_there, names| Some(GroupEntry { is_there, names });
    let mut room = vec![0; 4096];
    loop {
        let mut entry = MaybeUninit::<libc::group>::uninit();
        let mut found = ptr::null_mut();
        // SAFETY: `entry`, `room` with its length, and `found` are valid for writing.
        let error = unsafe {
            libc::getgrgid_r(
                gid,
                entry.as_mut_ptr(),
                room.as_mut_ptr(),
                room.len(),
                &raw mut found,
            )
        };
        match error {
            0 if found.is_null() => return made(false, Vec::new()),
            // SAFETY: without an error `found` points to `entry`, which is initialised, with
            // strings in `room`.
            0 => return made(true, unsafe { names_of(&*found) }),
            libc::ERANGE if room.len() < MAX_ENTRY_BYTES => room.resize(room.len() * 4, 0),
            _ => return None,
        }
    }
}

/// Copies the first member names of a group, at most 64.
///
/// # Safety
/// `gr_mem` is null or an array of C strings that ends with a null.
unsafe fn names_of(group: &libc::group) -> Vec<CString> {
    let mut names = Vec::new();
    let mut at = group.gr_mem;
    while !at.is_null() && names.len() < MAX_GROUP_MEMBERS {
        // SAFETY: `at` is within the array, because no null was read before.
        let name = unsafe { *at };
        if name.is_null() {
            break;
        }
        // SAFETY: an entry that is not null is a C string.
        names.push(unsafe { CStr::from_ptr(name) }.to_owned());
        // SAFETY: this entry was not null, so the array has another one, if only its final null.
        at = unsafe { at.add(1) };
    }
    names
}

/// The uid of a user name, if an account has that name.
fn uid_of(name: &CStr) -> Option<u32> {
    let mut room = vec![0; 4096];
    loop {
        let mut entry = MaybeUninit::<libc::passwd>::uninit();
        let mut found = ptr::null_mut();
        // SAFETY: `name` is a C string; `entry`, `room` with its length, and `found` are valid for
        // writing.
        let error = unsafe {
            libc::getpwnam_r(
                name.as_ptr(),
                entry.as_mut_ptr(),
                room.as_mut_ptr(),
                room.len(),
                &raw mut found,
            )
        };
        match error {
            0 if found.is_null() => return None,
            // SAFETY: without an error `found` points to `entry`, which is initialised.
            0 => return Some(unsafe { (*found).pw_uid }),
            libc::ERANGE if room.len() < MAX_ENTRY_BYTES => room.resize(room.len() * 4, 0),
            _ => return None,
        }
    }
}

/// The users whose primary group this is, at most 64; none if there are more than 20,000 accounts.
fn primary_members(gid: u32) -> Option<Vec<u32>> {
    let _one = ACCOUNT_LIST.lock().unwrap_or_else(PoisonError::into_inner);
    let mut users = Vec::new();
    // SAFETY: the lock is held, so no other thread of ours uses the list.
    unsafe { libc::setpwent() };
    let mut is_whole = false;
    for _ in 0..MAX_ACCOUNTS {
        // SAFETY: the lock is held; the result stays valid until the next call.
        let entry = unsafe { libc::getpwent() };
        if entry.is_null() {
            is_whole = true;
            break;
        }
        // SAFETY: the pointer is not null, so it points to an account.
        let (uid, primary) = unsafe { ((*entry).pw_uid, (*entry).pw_gid) };
        if primary == gid && users.len() < MAX_GROUP_MEMBERS {
            users.push(uid);
        }
    }
    // SAFETY: the lock is held, so no other thread of ours uses the list.
    unsafe { libc::endpwent() };
    is_whole.then_some(users)
}
