/** Type tokens that one kind of resource knows of another. */
export const ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment";
export const EIP = "aws:ec2/eip:Eip";
export const EIP_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation";
export const INSTANCE = "aws:ec2/instance:Instance";
export const INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile";
export const INTERFACE = "aws:ec2/networkInterface:NetworkInterface";
export const KEY_PAIR = "aws:ec2/keyPair:KeyPair";
export const PARAMETER = "aws:ssm/parameter:Parameter";
export const ROLE = "aws:iam/role:Role";
export const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";
