#![no_main]

libfuzzer_sys::fuzz_target!(init: protod_fuzz::let_libraries_panic(), |data: &[u8]| {
    protod_fuzz::query(data);
});
