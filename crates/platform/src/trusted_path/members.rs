//! The members of a group.

/// The members of a group, according to the system's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupRoster {
    /// Whether the members are known: the group has an entry, or is the user's own primary group.
    /// The members of any other group without an entry, such as one of another machine, are
    /// unknown.
    pub is_known: bool,
    /// The users that the group's entry lists; none for a name without an account.
    pub listed: Vec<Option<u32>>,
    /// The users whose primary group this is.
    pub primary: Vec<u32>,
}

/// Whether a group has a member besides this user and root.
///
/// A name without an account counts, because its account may be on a directory server that does not
/// respond. So does a group whose members are unknown.
pub fn has_other_members(roster: &GroupRoster, uid: u32) -> bool {
    let is_other = |member: u32| member != 0 && member != uid;
    !roster.is_known
        || roster
            .listed
            .iter()
            .any(|member| member.is_none_or(is_other))
        || roster.primary.iter().any(|member| is_other(*member))
}
