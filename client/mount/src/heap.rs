//! Memory of many threads.
#![allow(unsafe_code)]

/// From now on all threads of this process take memory from one heap. The many that fetch and answer would each keep what another
/// has freed, which doubles what a process needs that serves a mount, and gains no time. Other C libraries than GNU's have one
/// heap anyway.
pub fn share_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it sets a number, by which threads that come later abide (mallopt(3)); where it does not, nothing changes.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
