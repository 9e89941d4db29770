/** The stand-ins of an instance's AWS as a process of their own, as only that can be on another network. */
import { InstanceStandIn, type RealPlaces } from "../../unit/host/instance-stand-in.ts";

process.once("message", (places: RealPlaces) => {
  void InstanceStandIn.start(places).then((aws) => {
    process.send?.({});
    process.on("message", () =>
      process.send?.({ instanceId: aws.instanceId, put: aws.put, refused: aws.refused }),
    );
  });
});
process.once("disconnect", () => process.exit());
