//! What memory there is: the device's, or the machine's within the limits of its containers.

use candle_core::Device;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Bytes that can still be had where `device` computes; none where the system does not tell.
pub fn free(device: &Device) -> Option<u64> {
    match device {
        Device::Cpu => machine(Path::new("/")),
        #[cfg(feature = "cuda")]
        Device::Cuda(card) => card.cuda_stream().context().mem_get_info().ok().map(|(free, _)| free as u64),
        _ => None,
    }
}

/// The least of what Linux calls available and what each control group above this process leaves.
fn machine(root: &Path) -> Option<u64> {
    let meminfo = read_to_string(root.join("proc/meminfo")).ok()?;
    let available = field(&meminfo, "MemAvailable:")? * 1024;
    let groups = read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let left = groups.lines().filter_map(|line| left_in_group(root, line)).min();
    Some(left.map_or(available, |left| left.min(available)))
}

/// `hierarchy:controllers:path`: version 2 has no controllers, version 1 names them.
fn left_in_group(root: &Path, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let (base, names) = if controllers.is_empty() {
        ("sys/fs/cgroup", ["memory.max", "memory.current", "inactive_file"])
    } else if controllers.split(',').any(|controller| controller == "memory") {
        let names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
        ("sys/fs/cgroup/memory", names)
    } else {
        return None;
    };
    let (base, mut group) = (root.join(base), PathBuf::from(path.trim_start_matches('/')));
    let mut least = None;
    loop {
        least = left_in_folder(&base.join(&group), names).into_iter().chain(least).min();
        if !group.pop() {
            return least;
        }
    }
}

/// The limit without what is used; pages of files that nobody waits for are given back when asked.
fn left_in_folder(folder: &Path, [limit, usage, idle]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let stat = read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let used = number(usage)?.saturating_sub(field(&stat, idle).unwrap_or_default());
    Some(number(limit)?.saturating_sub(used))
}

/// The number after `name` at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn put(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn with_meminfo(cgroup: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "proc/meminfo", "MemTotal:  24000000 kB\nMemAvailable:   8000000 kB\n");
        put(root.path(), "proc/self/cgroup", cgroup);
        root
    }

    #[test]
    fn without_limits_the_machine_s_own_number_counts() {
        let root = with_meminfo("0::/\n");
        assert_eq!(machine(root.path()), Some(8_192_000_000));
        assert_eq!(machine(&root.path().join("elsewhere")), None);
    }

    #[test]
    fn the_tightest_control_group_counts_without_its_idle_pages() {
        let root = with_meminfo("0::/user/app\n");
        put(root.path(), "sys/fs/cgroup/user/app/memory.max", "max\n");
        put(root.path(), "sys/fs/cgroup/user/memory.max", "4000000000\n");
        put(root.path(), "sys/fs/cgroup/user/memory.current", "1500000000\n");
        put(root.path(), "sys/fs/cgroup/user/memory.stat", "anon 1\ninactive_file 500000000\n");
        assert_eq!(machine(root.path()), Some(3_000_000_000));
    }

    #[test]
    fn control_groups_of_the_first_version_count_too() {
        let root = with_meminfo("5:cpu:/x\n4:memory:/box\n");
        put(root.path(), "sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2000000000\n");
        put(root.path(), "sys/fs/cgroup/memory/box/memory.usage_in_bytes", "500000000\n");
        assert_eq!(machine(root.path()), Some(1_500_000_000));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells() {
        assert!(free(&Device::Cpu).is_some_and(|bytes| bytes > 0));
    }
}
