//! Who is in a group.

/// The members of a group, as the system's accounts tell them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupRoster {
    /// Whether the members are known: the group has an entry, or is the user's own primary group.
    /// Of any other without an entry, such as one of another machine, nothing is known.
    pub is_known: bool,
    /// The users that the group lists; none for a name that no account has.
    pub listed: Vec<Option<u32>>,
    /// The users whose primary group it is.
    pub primary: Vec<u32>,
}

/// Whether a group has a member besides this user and root. A name without an account counts: it
/// may be one of a directory that does not answer. So does a group of which nothing is known.
pub fn has_other_members(roster: &GroupRoster, uid: u32) -> bool {
    let is_other = |member: u32| member != 0 && member != uid;
    !roster.is_known
        || roster
            .listed
            .iter()
            .any(|member| member.is_none_or(is_other))
        || roster.primary.iter().any(|member| is_other(*member))
}
