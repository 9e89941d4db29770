// Pulumi loads a policy pack through ts-node, which knows nothing of ES modules; Node itself runs what is imported here.
import "./pack.ts";
