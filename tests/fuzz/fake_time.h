#ifndef THAW_TESTS_FUZZ_FAKE_TIME_H
#define THAW_TESTS_FUZZ_FAKE_TIME_H

// fake_time.h - a clock that only the test moves

// In seconds.
void fake_time_pass(int count);

#endif
