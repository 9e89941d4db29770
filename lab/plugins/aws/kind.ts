/** What the stand-in has to know of a kind of resource; everything else is the same for all of them. */
import type { CheckFailure } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";
import type { CloudContents, Made } from "./cloud.ts";

/** Where a change happens, and what ARNs are made of. */
export interface Place {
  readonly region: string;
  readonly cloud: CloudContents;
  readonly arn: (service: string, resource: string, options?: { readonly global?: boolean }) => string;
}

export interface Kind {
  /** Type token. */
  readonly type: string;
  /** The API's own names of what is called. */
  readonly actions: { readonly create: string; readonly update: string; readonly delete: string };
  /** Input that is made of the resource's name and random digits where it is not given. */
  readonly autonamed?: string;
  /**
   * Paths of inputs whose change replaces, all that lies below them included (ForceNew in the schema of the Terraform
   * provider of AWS, which @pulumi/aws is made of). `[]` stands for every index.
   */
  readonly replacedBy: readonly string[];
  /** Further such paths, where that depends on the inputs. */
  readonly alsoReplacedBy?: (olds: Properties, news: Properties) => readonly string[];
  /** Lists whose order means nothing. */
  readonly sets?: readonly string[];
  /** What plan-time validation finds, beyond names and types. Values may be UNKNOWN. */
  readonly check?: (inputs: Properties) => CheckFailure[];
  /** Makes it, or throws as AWS would. The outputs are those besides the inputs. */
  readonly create: (
    inputs: Properties,
    place: Place,
  ) => { readonly id: string; readonly outputs: Properties };
  /** Outputs that change with it. Default: none. */
  readonly update?: (made: Made, news: Properties, place: Place) => Properties;
  /** Throws where the provider fails before it deletes, also where the thing itself is gone already. */
  readonly beforeRemove?: (state: Properties, place: Place) => void;
  /** Throws where AWS would refuse. It is taken out of the cloud afterwards. */
  readonly remove?: (made: Made, place: Place) => void;
}

/** `failure("size", "…")` where `wrong` holds. */
export const when = (wrong: boolean, property: string, reason: string): CheckFailure[] =>
  wrong ? [{ property, reason }] : [];
