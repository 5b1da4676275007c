//! Connections to production databases. They exist only in the window: they touch its files, the keychain and windows.
use super::command;
use crate::model::{
    profile::{AttachedState, ConnectionProfile, ProfileState, ReadUrl, TestStep},
    secret::Secret,
};

command! {
    /// All profiles, by name.
    ProfilesList = "profiles.list" {} -> Vec<ProfileState>
}
command! {
    /// Keeps a profile. Passwords that are given go to the keychain, under the place that they are for: another host asks for
    /// them anew. `before` is the name that the profile had; none makes a new one.
    ProfilesSave = "profiles.save" {
        profile: ConnectionProfile, before: Option<String>, password: Option<Secret>, admin_password: Option<Secret>,
    } -> ()
}
command! {
    /// Forgets a profile and its passwords. Its window must be closed.
    ProfilesDelete = "profiles.delete" { name: String } -> ()
}
command! {
    /// Reads `postgres://user:password@host:5432/database?sslmode=verify-full`, and keeps nothing.
    ProfilesReadUrl = "profiles.read_url" { url: Secret } -> ReadUrl
}
command! {
    /// Goes the way that `profiles.connect` goes, step by step, and says what each step found.
    ProfilesTest = "profiles.test" { name: String } -> Vec<TestStep>
}
command! {
    /// Opens a window on the database, which can only read; one that is open comes to the front. Replies the steps; the
    /// window is open when none failed.
    ProfilesConnect = "profiles.connect" { name: String } -> Vec<TestStep>
}
command! {
    /// Lets this window change things for some minutes. `typed` must be the profile's name. Written into the log of changes.
    ProfilesUnlock = "profiles.unlock" { typed: String, minutes: u16, reason: String } -> AttachedState
}
command! {
    /// Takes that back at once.
    ProfilesLock = "profiles.lock" {} -> AttachedState
}
