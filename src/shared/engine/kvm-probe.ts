import { z } from 'zod';

/** What keeps machines from this host's KVM: no device, no permission, one that is not enough, anything else. */
export const kvmObstacleSchema = z.enum(['kvm-missing', 'kvm-permission', 'kvm-unsupported', 'kvm-failed']);
export type KvmObstacle = z.infer<typeof kvmObstacleSchema>;

/** What the engine probe found out about this host's KVM, as it prints it. */
export const kvmProbeSchema = z.discriminatedUnion('usable', [
  z.object({
    usable: z.literal(true),
    /** Whether guests run on the processor in every mode. */
    native: z.boolean(),
    /** Million instructions a second, by mode. */
    mips: z.object({ real: z.number(), protected: z.number(), kernel: z.number(), user: z.number() }),
    /** How long measuring took. */
    milliseconds: z.number(),
    /** Names of features of the machines' processor that KVM cannot give them here. */
    lacks: z.array(z.string()),
    /** Names of features it gives them, but not as other engines do. */
    unsteady: z.array(z.string()),
  }),
  z.object({ usable: z.literal(false), code: kvmObstacleSchema, message: z.string(), advice: z.string().nullable() }),
]);
export type KvmProbe = z.infer<typeof kvmProbeSchema>;
