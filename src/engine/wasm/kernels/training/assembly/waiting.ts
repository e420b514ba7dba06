/** How threads wait for one another. */

/** How many times a waiting thread reads the word before it sleeps: some tens of microseconds. */
const SPINS: i32 = 20000;

/** Returns when the word at `at` is no longer `value`. The thread that changes it has to notify those that sleep. */
export function waitFor(at: usize, value: i32): void {
  for (let spin = 0; spin < SPINS; spin++) {
    if (atomic.load<i32>(at) != value) return;
  }
  while (atomic.load<i32>(at) == value) atomic.wait<i32>(at, value, -1);
}
