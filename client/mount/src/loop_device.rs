//! Loop devices: a file as a block device (loop(4)).
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};

use crate::{Error, Result};

/// linux/loop.h.
const LOOP_CTL_GET_FREE: Opcode = 0x4c82;
const LOOP_CONFIGURE: Opcode = 0x4c0a;
const LO_FLAGS_READ_ONLY: u32 = 1;
const LO_FLAGS_AUTOCLEAR: u32 = 4;
const LO_FLAGS_DIRECT_IO: u32 = 16;

/// The size of its sectors: that of the file system's blocks.
const SECTOR: u32 = 4096;

/// How often another process may take the device that was free.
const TRIES: u32 = 64;

/// How much is read ahead of whoever reads a file in order, in KiB: more would be read in vain by those who do not.
const READ_AHEAD: &str = "1024";

/// `loop_info64` of linux/loop.h.
#[repr(C)]
struct Info {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

/// `loop_config` of linux/loop.h.
#[repr(C)]
struct Config {
    fd: u32,
    block_size: u32,
    info: Info,
    reserved: [u64; 8],
}

/// A loop device, which is free again when nobody has it open.
pub(crate) struct LoopDevice {
    pub(crate) path: PathBuf,
    _open: File,
}

impl LoopDevice {
    /// A device of what the file at `path` holds. Reads pass the kernel's cache of that file by where that is possible: only then
    /// are several answered at a time, each of which may wait for the network.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("opening", path))?;
        let control = "/dev/loop-control";
        let control = OpenOptions::new()
            .read(true)
            .write(true)
            .open(control)
            .map_err(Error::refused("there are no loop devices"))?;
        for _ in 0..TRIES {
            // SAFETY: the kernel takes no argument and gives a number back (loop(4)).
            let number =
                unsafe { ioctl(&control, GetFree) }.map_err(Error::refused("the kernel gives no loop device"))?;
            let path = PathBuf::from(format!("/dev/loop{number}"));
            let device = OpenOptions::new().read(true).open(&path).map_err(Error::io("opening", &path))?;
            match configure(&device, &file, LO_FLAGS_DIRECT_IO).or_else(|error| match error {
                rustix::io::Errno::BUSY => Err(error),
                _ => configure(&device, &file, 0),
            }) {
                Ok(()) => {
                    // It is slower without, and nothing else.
                    let _ = std::fs::write(format!("/sys/block/loop{number}/queue/read_ahead_kb"), READ_AHEAD);
                    return Ok(Self { path, _open: device });
                }
                // Another process was faster.
                Err(rustix::io::Errno::BUSY) => {}
                Err(error) => return Err(Error::refused("the kernel takes no such file for a loop device")(error)),
            }
        }
        Err(Error::refused("every loop device is taken by others")(rustix::io::Errno::BUSY))
    }
}

fn configure(device: &File, file: &File, flags: u32) -> rustix::io::Result<()> {
    let info = Info {
        device: 0,
        inode: 0,
        rdevice: 0,
        offset: 0,
        size_limit: 0,
        number: 0,
        encrypt_type: 0,
        encrypt_key_size: 0,
        flags: flags | LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
        file_name: [0; 64],
        crypt_name: [0; 64],
        encrypt_key: [0; 32],
        init: [0; 2],
    };
    let fd = u32::try_from(file.as_fd().as_raw_fd()).map_err(|_| rustix::io::Errno::BADF)?;
    let config = Config { fd, block_size: SECTOR, info, reserved: [0; 8] };
    // SAFETY: the kernel reads one `loop_config`, which outlives the call (linux/loop.h; since 5.8).
    unsafe { ioctl(device, Configure(config)) }
}

struct GetFree;

// SAFETY: the kernel takes nothing and gives a number.
unsafe impl Ioctl for GetFree {
    type Output = i32;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        LOOP_CTL_GET_FREE
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<i32> {
        Ok(out)
    }
}

struct Configure(Config);

// SAFETY: the pointer is to a `loop_config`, which the kernel reads.
unsafe impl Ioctl for Configure {
    type Output = ();

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        LOOP_CONFIGURE
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(&mut self.0).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> rustix::io::Result<()> {
        Ok(())
    }
}
