/** Frequencies of the board's oscillators in Hz; all follow the machine's virtual clock exactly. */
export const NS_PER_SECOND = 1_000_000_000;

/** Time-stamp counter: one tick a nanosecond, so that RDTSC is virtual time itself. */
export const TSC_HZ = 1_000_000_000;

/** Input of the local APIC timer's divider (the "bus clock"). */
export const APIC_BUS_HZ = 1_000_000_000;

/** 8254 counters: the colour burst crystal / 12. */
export const PIT_HZ = 1_193_182;

/** ACPI power management timer (ACPI 6.4, 4.8.3.3). */
export const PM_TIMER_HZ = 3_579_545;
